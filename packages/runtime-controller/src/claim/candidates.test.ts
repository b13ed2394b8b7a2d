import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runtime, runtimePod, type RuntimeTraits } from "../../test/pool-objects.ts";
import { Candidates } from "./candidates.ts";

const pool = { namespace: "datalayer-runtimes", name: "python-simple-pool" };
const candidatesOf = (...ids: string[]): Candidates => {
  const candidates = new Candidates();
  for (const id of ids) candidates.observe(runtimePod(id));
  return candidates;
};
const takeAll = (candidates: Candidates): string[] => {
  const ulids: string[] = [];
  for (let one = candidates.take(pool, "key"); one; one = candidates.take(pool, "key")) ulids.push(one.ulid);
  return ulids.toSorted();
};

describe("the candidates of a pool", () => {
  it.each<[string, RuntimeTraits]>([
    ["pending", { state: "pending", ready: true }],
    ["assigned", { state: "assigned" }],
    ["paused", { state: "paused" }],
    ["not ready", { ready: false }],
    ["being deleted", { terminating: true }],
    ["ended", { ended: true }],
  ])("do not hold a runtime that is %s, nor one that becomes so", (_, traits) => {
    const candidates = new Candidates();
    candidates.observe(runtimePod("a", traits));
    expect(candidates.count(pool)).toBe(0);
    candidates.observe(runtimePod("a"));
    expect(candidates.count(pool)).toBe(1);
    candidates.observe(runtimePod("a", traits));
    expect(takeAll(candidates)).toEqual([]);
  });

  it("are those of this pool only", () => {
    const candidates = candidatesOf("a");
    expect(candidates.take({ ...pool, name: "other" }, "key")).toBeUndefined();
    expect(candidates.take({ ...pool, namespace: "other" }, "key")).toBeUndefined();
  });

  it("are passed over where they do not suit, and stay for others", () => {
    const candidates = candidatesOf("a", "b", "c");
    expect(candidates.take(pool, "key", ({ ulid }) => ulid === "b")?.ulid).toBe("b");
    expect(candidates.take(pool, "key", ({ ulid }) => ulid === "b")).toBeUndefined();
    expect(takeAll(candidates)).toEqual(["a", "c"]);
  });

  it("lose one that is removed", () => {
    const candidates = candidatesOf("a", "b");
    candidates.observe(runtimePod("a"), true);
    expect(takeAll(candidates)).toEqual(["b"]);
  });

  it("hold back what is taken while the watch still shows it as available", () => {
    const candidates = candidatesOf("a");
    candidates.take(pool, "key");
    candidates.observe(runtimePod("a"));
    expect(candidates.count(pool)).toBe(0);
  });

  it("offer what was put back, unless it has gone meanwhile", () => {
    const candidates = candidatesOf("a", "b");
    const [a, b] = [runtime("a"), runtime("b")];
    for (const one of [a, b]) candidates.reserve(one);
    candidates.observe(runtimePod("b", { state: "assigned" }));
    for (const one of [a, b]) candidates.putBack(one);
    expect(takeAll(candidates)).toEqual(["a"]);
  });

  it("follow a lost claim by what was found of its Pod", () => {
    const candidates = candidatesOf("gone", "assigned", "free");
    const [gone, assigned, free] = [runtime("gone"), runtime("assigned"), runtime("free")];
    for (const one of [gone, assigned, free]) candidates.reserve(one);
    candidates.lost(gone, undefined);
    candidates.lost(assigned, runtimePod("assigned", { state: "assigned" }));
    candidates.lost(free, runtimePod("free"));
    expect(takeAll(candidates)).toEqual(["free"]);
  });

  it("are what the watch shows as available less what is taken, after any changes", () => {
    const change = fc.record({
      id: fc.constantFrom("a", "b", "c", "d"),
      does: fc.constantFrom("appears", "leaves", "is taken", "is put back", "is assigned"),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const candidates = new Candidates();
        const shown = new Set<string>();
        const taken = new Set<string>();
        const carryOut: Record<string, (id: string) => void> = {
          appears: (id) => {
            candidates.observe(runtimePod(id));
            shown.add(id);
          },
          "is taken": (id) => {
            candidates.reserve(runtime(id));
            taken.add(id);
          },
          "is put back": (id) => {
            candidates.putBack(runtime(id));
            taken.delete(id);
          },
          leaves: (id) => {
            candidates.observe(runtimePod(id), true);
            shown.delete(id);
            taken.delete(id);
          },
          "is assigned": (id) => {
            candidates.observe(runtimePod(id, { state: "assigned" }));
            shown.delete(id);
            taken.delete(id);
          },
        };
        for (const { id, does } of changes) carryOut[does]?.(id);
        const free = [...shown].filter((id) => !taken.has(id)).toSorted();
        expect(candidates.count(pool)).toBe(free.length);
        expect(takeAll(candidates)).toEqual(free);
      }),
    );
  });
});
