import { describe, expect, it } from "vitest";
import { withEvents } from "./history.ts";

const event = (at: number, message: string) => ({ at, reason: "Settled", message });
const limits = { mostEvents: 3, dedupMs: 5_000 };

describe("the history", () => {
  it("drops the oldest when it is full", () => {
    const history = ["a", "b", "c", "d"].reduce<ReturnType<typeof withEvents>>(
      (before, message, index) => withEvents(before, [event(index, message)], limits),
      [],
    );
    expect(history.map(({ message }) => message)).toEqual(["b", "c", "d"]);
  });

  it("does not repeat what it has just been told, and does after a while", () => {
    const once = withEvents([event(1_000, "a")], [event(5_999, "a"), event(5_999, "b")], limits);
    expect(once.map(({ message }) => message)).toEqual(["a", "b"]);
    expect(withEvents([event(1_000, "a")], [event(6_000, "a")], limits)).toHaveLength(2);
  });

  it("keeps long messages short", () => {
    const [told] = withEvents([], [event(0, "x".repeat(5_000))], limits);
    expect(told?.message).toHaveLength(500);
  });
});
