import { describe, expect, it } from "vitest";
import { assignment } from "../../test/assignment.ts";
import { runtime, type RuntimeTraits } from "../../test/pool-objects.ts";
import type { Assignment, Runtime } from "../runtime/runtime.ts";
import { type Ending, planEnding } from "./ending.ts";

const startedAt = 1_800_000_000;
const second = (seconds: number): number => (startedAt + seconds) * 1000;
const dayMs = 24 * 60 * 60_000;
const assigned = (claim: Partial<Assignment> = {}, traits: RuntimeTraits = {}): Runtime => ({
  ...runtime("01k", { state: "assigned", ...traits }),
  assignment: assignment({ startedAt, ...claim }),
});

interface Seen {
  isSuperseded?: boolean;
  isIdle?: boolean;
  atSecond: number;
}

describe("the end of an assigned runtime", () => {
  it.each<[string, Runtime, Seen, Ending]>([
    ["is not planned without a limit", assigned(), { atSecond: 99 }, {}],
    [
      "comes with its expiry",
      assigned({ expiredAt: startedAt + 60 }),
      { atSecond: 60 },
      { end: "CreditsUsedUp" },
    ],
    [
      "is awaited until its expiry",
      assigned({ expiredAt: startedAt + 60 }),
      { atSecond: 50 },
      { lookAgainAfterMs: 10_000 },
    ],
    [
      "is looked for daily when it is far",
      assigned({ expiredAt: startedAt + 10_000_000 }),
      { atSecond: 0 },
      { lookAgainAfterMs: dayMs },
    ],
    [
      "comes with that of its Pod, before any other",
      assigned({ expiredAt: startedAt }, { ended: true }),
      { isSuperseded: true, atSecond: 99 },
      { end: "PodEnded" },
    ],
    [
      "leaves a superseded one to the replica that made it",
      assigned(),
      { isSuperseded: true, atSecond: 4 },
      { lookAgainAfterMs: 6_000 },
    ],
    [
      "takes a superseded one when that replica has not",
      assigned(),
      { isSuperseded: true, atSecond: 10 },
      { end: "Superseded" },
    ],
    [
      "names the earlier of two reasons",
      assigned({ expiredAt: startedAt + 5 }),
      { isSuperseded: true, atSecond: 20 },
      { end: "CreditsUsedUp" },
    ],
    [
      "comes with the deadline of its node",
      { ...assigned({ expiredAt: startedAt + 60 }), drain: { since: startedAt, endsAt: startedAt + 5 } },
      { atSecond: 5 },
      { end: "NodeDrained" },
    ],
    [
      "is awaited until the deadline of its node",
      { ...assigned(), drain: { since: startedAt, endsAt: startedAt + 5 } },
      { atSecond: 4 },
      { lookAgainAfterMs: 1_000 },
    ],
    [
      "does not come with its node when there is no deadline",
      { ...assigned(), drain: { since: startedAt } },
      { atSecond: 99 },
      {},
    ],
    ["comes when nobody uses it any more", assigned(), { isIdle: true, atSecond: 5 }, { end: "Idle" }],
    [
      "names its credits before its idleness",
      assigned({ expiredAt: startedAt + 5 }),
      { isIdle: true, atSecond: 5 },
      { end: "CreditsUsedUp" },
    ],
    [
      "goes on where another leader began it, whatever has changed since",
      { ...assigned({ expiredAt: startedAt + 60 }), end: { reason: "Idle" } },
      { atSecond: 5 },
      { end: "Idle" },
    ],
    ["is no matter of a warm one", runtime("01k", { ended: true }), { atSecond: 0 }, {}],
  ])("%s", (_, one, { atSecond, ...seen }, expected) => {
    expect(
      planEnding({ runtime: one, isSuperseded: false, isIdle: false, ...seen }, second(atSecond)),
    ).toEqual(expected);
  });
});
