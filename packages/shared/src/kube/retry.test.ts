import { describe, expect, it } from "vitest";
import { ManualClock } from "../clock/manual-clock.ts";
import { ApiError, TransportError } from "./api-error.ts";
import { Deadline } from "./deadline.ts";
import { retryAfterMs, withRetries } from "./retry.ts";

const call = { verb: "patch", kind: "Pod", target: "team/p1" };
const throttled = (retryAfterMs?: number): ApiError => new ApiError(call, 429, {}, retryAfterMs);
const broken = new TransportError(call, "disconnected", "reset", { sent: true });

/** Fails with the given errors, one after the other, then succeeds. */
async function run(errors: Error[], options: { idempotent: boolean; timeoutMs?: number; forMs?: number }) {
  const clock = new ManualClock();
  const deadline = new Deadline(options.timeoutMs ?? 600_000, []);
  const waits: number[] = [];
  let lastMs = 0;
  let attempts = 0;
  const attempt = (): Promise<string> => {
    if (attempts > 0) waits.push(clock.monotonicMs() - lastMs);
    lastMs = clock.monotonicMs();
    const error = errors[attempts++];
    return error ? Promise.reject(error) : Promise.resolve("done");
  };
  const policy = { idempotent: options.idempotent, deadline, clock, onRetry: () => undefined };
  const result = withRetries(attempt, policy).catch((error: unknown) => error);
  await clock.advance(options.forMs ?? 600_000);
  deadline.dispose();
  return { result: await result, waits, attempts };
}

describe("a call that is refused", () => {
  it("waits as long as Retry-After says, for any verb", async () => {
    const { result, waits } = await run([throttled(30_000), throttled(1000)], { idempotent: false });
    expect(result).toBe("done");
    expect(waits[0]).toBeGreaterThanOrEqual(30_000);
    expect(waits[1]).toBeGreaterThanOrEqual(1000);
    expect(waits[1]).toBeLessThan(2000);
  });

  it("waits a second when the server does not say how long", async () => {
    const { waits } = await run([throttled()], { idempotent: false });
    expect(waits[0]).toBeGreaterThanOrEqual(1000);
  });

  it("fails at once when the wait would pass the deadline", async () => {
    const error = throttled(30_000);
    const { result, attempts } = await run([error], { idempotent: true, timeoutMs: 10_000, forMs: 0 });
    expect(result).toBe(error);
    expect(attempts).toBe(1);
  });

  it("gives up after ten more attempts", async () => {
    const { result, attempts } = await run(
      Array.from({ length: 20 }, () => throttled(1)),
      { idempotent: true },
    );
    expect(result).toBeInstanceOf(ApiError);
    expect(attempts).toBe(11);
  });

  it.each([
    ["a broken connection", broken],
    ["503", new ApiError(call, 503, {})],
    ["504", new ApiError(call, 504, {})],
  ])("is sent again after %s only if sending it twice does no harm", async (_what, error) => {
    expect(await run([error], { idempotent: true })).toMatchObject({ result: "done", attempts: 2 });
    expect(await run([error], { idempotent: false })).toMatchObject({ result: error, attempts: 1 });
  });

  it.each([400, 403, 404, 409, 410, 422, 500])("is never sent again after %i", async (status) => {
    const error = new ApiError(call, status, {});
    expect(await run([error], { idempotent: true })).toMatchObject({ result: error, attempts: 1 });
  });
});

describe("the time a server asks for", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");

  it.each([
    ["3", 3000],
    [" 3 ", 3000],
    ["0", 0],
    ["Thu, 01 Jan 2026 00:00:05 GMT", 5000],
    ["Wed, 31 Dec 2025 00:00:00 GMT", 0],
    ["Xxx, 99 Xxx 2026 00:00:05 GMT", undefined],
    ["-1", undefined],
    ["1.5", undefined],
    ["1e3", undefined],
    ["2026", 60_000],
    ["2026-01-01", undefined],
    ["soon", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("by the header %j is %s ms", (header, expected) => {
    expect(retryAfterMs(header, undefined, now)).toBe(expected);
  });

  it.each(["3000000", "99999999999999999999", "Tue, 01 Jan 2999 00:00:00 GMT"])(
    "by the header %j is a minute, no more",
    (header) => {
      expect(retryAfterMs(header, undefined, now)).toBe(60_000);
    },
  );

  it.each([
    [3, 3000],
    [0, 0],
    [3_000_000, 60_000],
    [-1, undefined],
    [1.5, undefined],
    [null, undefined],
  ])("by a body with %j is %s ms, unless the header says something else", (seconds, expected) => {
    expect(retryAfterMs(undefined, seconds, now)).toBe(expected);
    expect(retryAfterMs("soon", seconds, now)).toBe(expected);
    expect(retryAfterMs("7", seconds, now)).toBe(7000);
  });
});
