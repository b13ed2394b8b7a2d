import { describe, expect, it } from "vitest";
import { eventually } from "./eventually.ts";

describe("waiting", () => {
  it("ends with the first value", async () => {
    const values = [undefined, null, false, 0];
    expect(await eventually(() => values.shift(), { intervalMs: 1 })).toBe(0);
  });

  it("takes a check that throws as not yet", async () => {
    const values = [() => Promise.reject(new Error("no")), () => Promise.resolve("yes")];
    expect(await eventually(() => values.shift()?.(), { intervalMs: 1 })).toBe("yes");
  });

  it("gives up in time, with what was waited for and what went wrong last", async () => {
    const wait = eventually(() => Promise.reject(new Error("no pod")), {
      timeoutMs: 20,
      intervalMs: 1,
      message: "a pod",
    });
    await expect(wait).rejects.toMatchObject({
      message: "waited 0.02 s in vain for a pod",
      cause: new Error("no pod"),
    });
  });
});
