import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Ring } from "./ring.ts";

const uids = fc.uniqueArray(fc.uuid(), { minLength: 1, maxLength: 40 });
const ringOf = (members: readonly string[]): Ring => {
  const ring = new Ring();
  for (const uid of members) ring.add(uid);
  return ring;
};

describe("a ring", () => {
  it("has no successor when it is empty", () => {
    expect(new Ring().successor("key")).toBeUndefined();
  });

  it("gives each runtime once when all are taken in turn", () => {
    fc.assert(
      fc.property(uids, fc.string(), (members, key) => {
        const ring = ringOf(members);
        const taken = members.map(() => {
          const uid = ring.successor(key)!;
          ring.remove(uid);
          return uid;
        });
        expect(taken.toSorted()).toEqual(members.toSorted());
        expect(ring.size).toBe(0);
      }),
    );
  });

  it("gives the same successor in whatever order, and however often, its runtimes came", () => {
    fc.assert(
      fc.property(uids, fc.string(), (members, key) => {
        const ring = ringOf([...members.toReversed(), ...members]);
        expect(ring.size).toBe(members.length);
        expect(ring.successor(key)).toBe(ringOf(members).successor(key));
      }),
    );
  });

  it("keeps the successor when another runtime leaves, and changes it only for one that comes before", () => {
    fc.assert(
      fc.property(uids, fc.uuid(), fc.string(), (members, other, key) => {
        const ring = ringOf(members);
        const successor = ring.successor(key)!;
        ring.add(other);
        expect([successor, other]).toContain(ring.successor(key));
        if (!members.includes(other)) ring.remove(other);
        expect(ring.successor(key)).toBe(successor);
        for (const uid of members.filter((uid) => uid !== successor)) ring.remove(uid);
        expect(ring.successor(key)).toBe(successor);
      }),
    );
  });

  it("passes over those that do not suit, as if they were not there", () => {
    fc.assert(
      fc.property(uids, fc.string(), fc.func(fc.boolean()), (members, key, suits) => {
        const suiting = members.filter((uid) => suits(uid));
        expect(ringOf(members).successor(key, suits)).toBe(ringOf(suiting).successor(key));
      }),
    );
  });

  it("ignores the removal of what is not on it", () => {
    const ring = ringOf(["a"]);
    ring.remove("b");
    expect(ring.size).toBe(1);
  });
});
