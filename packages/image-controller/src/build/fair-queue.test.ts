import type { BuildTrigger } from "@datalayer/shared/crds/image";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextBuilds, type StartedBuild, type WaitingBuild } from "./fair-queue.ts";

const waiting = (key: string, more: Partial<WaitingBuild> = {}): WaitingBuild => ({
  key,
  namespace: key.split("/")[0]!,
  product: key,
  trigger: "Spec",
  queuedAt: "2026-01-01T00:00:00Z",
  ...more,
});
const started = (namespace: string, more: Partial<StartedBuild> = {}): StartedBuild => ({
  namespace,
  product: `of ${namespace}`,
  createdAt: "2026-01-01T00:00:00Z",
  isRunning: true,
  takesPlace: more.isRunning ?? true,
  ...more,
});

describe("builds that wait", () => {
  it("begin as long as there are places", () => {
    const all = ["a/1", "a/2", "a/3"].map((key) => waiting(key));
    expect(nextBuilds(all, [], 2)).toEqual(["a/1", "a/2"]);
    expect(nextBuilds(all, [started("b")], 2)).toEqual(["a/1"]);
    expect(nextBuilds(all, [started("b"), started("c")], 2)).toEqual([]);
    expect(nextBuilds(all, [started("b", { isRunning: false })], 2)).toEqual(["a/1", "a/2"]);
  });

  it("do not wait for one that is held up, which still counts for its namespace", () => {
    const heldUp = started("a", { takesPlace: false });
    expect(nextBuilds([waiting("a/1"), waiting("b/1")], [heldUp], 1)).toEqual(["b/1"]);
    expect(nextBuilds([waiting("c/1", { product: heldUp.product })], [heldUp], 1)).toEqual([]);
  });

  it("take turns by namespace, however many wait in one", () => {
    const many = Array.from({ length: 50 }, (_, index) => waiting(`a/${index}`));
    expect(nextBuilds([...many, waiting("b/1")], [], 2)).toEqual(["a/0", "b/1"]);
    expect(nextBuilds([...many, waiting("b/1")], [started("a")], 2)).toEqual(["b/1"]);
  });

  it("let the namespace begin whose last build began longest ago", () => {
    const ended = { isRunning: false };
    const before = [
      started("a", { ...ended, createdAt: "2026-01-01T00:02:00Z" }),
      started("b", { ...ended, createdAt: "2026-01-01T00:01:00Z" }),
    ];
    expect(nextBuilds([waiting("a/1"), waiting("b/1")], before, 1)).toEqual(["b/1"]);
  });

  it.each<[BuildTrigger, BuildTrigger]>([
    ["Spec", "Source"],
    ["Manual", "BaseImage"],
    ["Source", "BaseImage"],
    ["BaseImage", "Operator"],
  ])("go by what brought them: %s before %s", (first, second) => {
    const both = [waiting("a/1", { trigger: second }), waiting("a/2", { trigger: first })];
    expect(nextBuilds(both, [], 1)).toEqual(["a/2"]);
  });

  it("go by how long they wait", () => {
    const both = [waiting("a/1", { queuedAt: "2026-01-01T00:00:09Z" }), waiting("a/2")];
    expect(nextBuilds(both, [], 1)).toEqual(["a/2"]);
  });

  it("of the same inputs go one after another, and take no places from others", () => {
    const same = ["a/1", "b/1", "c/1"].map((key) => waiting(key, { product: "h" }));
    expect(nextBuilds([...same, waiting("d/1")], [], 4)).toEqual(["a/1", "d/1"]);
    expect(nextBuilds([...same, waiting("d/1")], [started("x", { product: "h" })], 4)).toEqual(["d/1"]);
  });

  it("never run more at once than may, and leave no place free that somebody could use", () => {
    const namespace = fc.constantFrom("a", "b", "c");
    const queue = fc.array(namespace, { maxLength: 12 });
    const limit = fc.integer({ min: 1, max: 6 });
    fc.assert(
      fc.property(queue, fc.array(namespace, { maxLength: 6 }), limit, (waits, runs, most) => {
        const all = waits.map((one, index) => waiting(`${one}/${index}`));
        const next = nextBuilds(
          all,
          runs.map((one) => started(one)),
          most,
        );
        expect(new Set(next).size).toBe(next.length);
        expect(next.length).toBe(Math.max(0, Math.min(all.length, most - runs.length)));
      }),
    );
  });
});
