import { describe, expect, it } from "vitest";
import { settled, stalled, waiting } from "./outcome.ts";
import { steps } from "./steps.ts";

describe("steps", () => {
  it("stop at the first unsettled one, whose outcome is the result", async () => {
    const ran: string[] = [];
    const run = steps<string[]>(
      (log) => (log.push("source"), settled()),
      (log) => (log.push("job"), waiting({ reason: "Building", message: "The job runs.", retryAfterMs: 5 })),
      (log) => (log.push("publish"), settled()),
    );
    expect(await run(ran)).toEqual({
      kind: "waiting",
      reason: "Building",
      message: "The job runs.",
      retryAfterMs: 5,
    });
    expect(ran).toEqual(["source", "job"]);
  });

  it("are settled together, with the earliest recheck", async () => {
    const run = steps(
      () => settled({ recheckAfterMs: 300 }),
      () => settled(),
      () => settled({ recheckAfterMs: 200 }),
    );
    expect(await run(undefined)).toEqual(settled({ recheckAfterMs: 200 }));
  });

  it("pass on a stalled outcome and an error", async () => {
    const stop = stalled({ reason: "Invalid", message: "spec.size is -1." });
    expect(await steps(() => stop)(undefined)).toEqual(stop);
    await expect(
      steps(() => {
        throw new Error("reset");
      })(undefined),
    ).rejects.toThrow("reset");
  });

  it("are six at most", () => {
    const step = () => settled();
    expect(() => steps(step, step, step, step, step, step, step)).toThrow(RangeError);
  });
});
