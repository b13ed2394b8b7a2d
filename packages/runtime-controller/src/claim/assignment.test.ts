import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assignment } from "../../test/assignment.ts";
import { storedPool } from "../../test/pool-objects.ts";
import { assignmentOf, changedExpiryOf, expiryOf } from "./assignment.ts";
import type { ClaimRequest } from "./claim-request.ts";

const nowMs = Date.parse("2026-03-04T05:06:07.890Z");
const startedAt = Math.floor(nowMs / 1000);
const context = { environment: undefined, nowMs };
const request: ClaimRequest = { environment: "python", userUid: "user-1", type: "cell", bodyHash: "body" };

describe("the assignment of a claim", () => {
  it("takes over what was asked for, and the price of the pool", () => {
    const asked = { ...request, reservationId: "res-1", givenName: "Mine", creditsLimit: 5 };
    const made = assignmentOf(asked, storedPool({ burningRate: 0.5 }), {
      ...context,
      key: "key-hash",
      bodySeal: "seal",
    });
    expect(made).toEqual({
      claimId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      claimKey: "key-hash",
      bodySeal: "seal",
      bringsSecret: false,
      userUid: "user-1",
      reservationId: "res-1",
      type: "cell",
      givenName: "Mine",
      startedAt,
      expiredAt: startedAt + 10,
      burningRate: 0.5,
    });
  });

  it("is another one each time", () => {
    const make = () => assignmentOf(request, storedPool(), context).claimId;
    expect(make()).not.toBe(make());
  });

  it("names and prices what nobody named or priced", () => {
    const made = assignmentOf(request, storedPool({ burningRate: undefined }), context);
    expect(made).toMatchObject({ givenName: "cell 2026-03-04T05:06", burningRate: 0, expiredAt: undefined });
  });
});

describe("the expiry by credits", () => {
  it.each([
    ["credits divided by the rate", 10, 0.5, startedAt + 20],
    ["rounded down to the second", 1, 0.3, startedAt + 3],
    ["at once when the rate eats them within a second", 1, 10, startedAt],
    ["never without a limit", undefined, 0.5, undefined],
    ["never when it costs nothing", 10, 0, undefined],
  ])("is %s", (_, credits, rate, expected) => {
    expect(expiryOf(startedAt, credits, rate)).toBe(expected);
  });

  it("counts what was used before a pause, when the limit changes", () => {
    const resumed = assignment({ startedAt, usedSeconds: 90, burningRate: 1 });
    expect(changedExpiryOf(resumed, 110)).toBe(startedAt + 20);
  });

  it("never lets a runtime use more than its credits", () => {
    const credits = fc.double({ min: 0.001, max: 1e9, noNaN: true });
    const rate = fc.double({ min: 0.0001, max: 1e3, noNaN: true });
    fc.assert(
      fc.property(credits, rate, (limit, burningRate) => {
        const seconds = expiryOf(0, limit, burningRate)!;
        expect(seconds * burningRate).toBeLessThanOrEqual(limit * (1 + 1e-9));
        expect((seconds + 1) * burningRate).toBeGreaterThan(limit * (1 - 1e-9));
      }),
    );
  });
});
