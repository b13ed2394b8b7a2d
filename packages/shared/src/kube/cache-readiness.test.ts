import { describe, expect, it } from "vitest";
import { Health } from "../http/health.ts";
import { addCacheReadiness } from "./cache-readiness.ts";

// A watch is given up after 75 s of silence.
const limitMs = 75_000;

describe("the readiness of a process with caches", () => {
  it.each([
    ["fails until a cache is filled", { hasSynced: false, lastEventAgeMs: 0 }, "not listed yet"],
    ["holds while its watch speaks", { hasSynced: true, lastEventAgeMs: limitMs }, undefined],
    ["holds for two limits of silence", { hasSynced: true, lastEventAgeMs: 2 * limitMs }, undefined],
    ["fails after them", { hasSynced: true, lastEventAgeMs: 2 * limitMs + 1 }, "silent for 150 s"],
  ])("%s", async (_, pods, problem) => {
    const pools = { hasSynced: true, lastEventAgeMs: 0 };
    const health = addCacheReadiness(new Health(), { pods, pools });
    expect(await health.readiness()).toEqual([
      { name: "pods-watch", problem },
      { name: "pools-watch", problem: undefined },
    ]);
  });

  it("follows the cache", async () => {
    const pods = { hasSynced: false, lastEventAgeMs: 0 };
    const health = addCacheReadiness(new Health(), { pods });
    pods.hasSynced = true;
    expect(await health.readiness()).toEqual([{ name: "pods-watch", problem: undefined }]);
  });
});
