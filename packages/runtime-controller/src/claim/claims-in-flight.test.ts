import { describe, expect, it } from "vitest";
import { ClaimsInFlight } from "./claims-in-flight.ts";

describe("claims in flight", () => {
  it("make one claim of the same key and body, and give all the same result", async () => {
    const claims = new ClaimsInFlight<string>();
    const { promise, resolve } = Promise.withResolvers<string>();
    let made = 0;
    const claim = (): Promise<string> => {
      made++;
      return promise;
    };
    const joined = [1, 2, 3].map(() => claims.run("key", { bodyHash: "body" }, claim));
    resolve("runtime");
    expect(await Promise.all(joined)).toEqual(["runtime", "runtime", "runtime"]);
    expect(made).toBe(1);
  });

  it("refuse another body while the first is under way, and let it through afterwards", async () => {
    const claims = new ClaimsInFlight<string>();
    const { promise, resolve } = Promise.withResolvers<string>();
    const first = claims.run("key", { bodyHash: "body" }, () => promise);
    const other = (): Promise<string> =>
      claims.run("key", { bodyHash: "other body" }, () => Promise.resolve("second"));
    await expect(other()).rejects.toMatchObject({ refusal: "key-in-flight" });
    resolve("first");
    await first;
    expect(await other()).toBe("second");
  });

  it("do not hold up other keys", async () => {
    const claims = new ClaimsInFlight<string>();
    void claims.run("key", { bodyHash: "body" }, () => new Promise(() => undefined));
    expect(await claims.run("other", { bodyHash: "body" }, () => Promise.resolve("runtime"))).toBe("runtime");
  });

  it("share a failure, and try again with the next claim", async () => {
    const claims = new ClaimsInFlight<string>();
    const { promise, reject } = Promise.withResolvers<string>();
    const joined = [1, 2].map(() => claims.run("key", { bodyHash: "body" }, () => promise));
    reject(new Error("no runtime"));
    for (const one of joined) await expect(one).rejects.toThrow("no runtime");
    expect(await claims.run("key", { bodyHash: "body" }, () => Promise.resolve("runtime"))).toBe("runtime");
  });

  it("are abandoned when the last caller has gone, and then made anew", async () => {
    const claims = new ClaimsInFlight<string>();
    const [first, second] = [new AbortController(), new AbortController()];
    let abandoned: AbortSignal | undefined;
    const claim = (signal: AbortSignal): Promise<string> => {
      abandoned = signal;
      return new Promise(() => undefined);
    };
    for (const { signal } of [first, second]) void claims.run("key", { bodyHash: "body", signal }, claim);
    first.abort();
    expect(abandoned?.aborted).toBe(false);
    second.abort();
    expect(abandoned?.aborted).toBe(true);
    const anew = (): Promise<string> => Promise.resolve("runtime");
    expect(await claims.run("key", { bodyHash: "body" }, anew)).toBe("runtime");
  });
});
