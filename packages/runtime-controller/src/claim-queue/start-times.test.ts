import type { Pod } from "@datalayer/shared/kube/kinds";
import { describe, expect, it } from "vitest";
import { runtimePod } from "../../test/pool-objects.ts";
import { StartTimes } from "./start-times.ts";

const pool = { namespace: "datalayer-runtimes", name: "python-simple-pool" };
const watched = { deleted: false, listed: false };

/** An available Pod that was ready so many seconds after its creation. */
function startedAfter(seconds: number, id = `after${seconds}`): Pod {
  const pod = runtimePod(id);
  const readyAt = Date.parse(pod.metadata.creationTimestamp) + seconds * 1000;
  const ready = { type: "Ready", status: "True", lastTransitionTime: new Date(readyAt).toISOString() };
  return { ...pod, status: { ...pod.status, conditions: [ready] } };
}

describe("start times", () => {
  it("are assumed before any was seen", () => {
    expect(new StartTimes().of(pool)).toBe(10_000);
  });

  it("are the first one's, then move towards later ones", () => {
    const times = new StartTimes();
    times.observe(startedAfter(4), watched);
    expect(times.of(pool)).toBe(4_000);
    times.observe(startedAfter(14), watched);
    expect(times.of(pool)).toBe(7_000);
  });

  it("count a runtime once, and not when it was there before", () => {
    const times = new StartTimes();
    times.observe(startedAfter(90), { deleted: false, listed: true });
    times.observe(startedAfter(90), watched);
    expect(times.of(pool)).toBe(10_000);
    times.observe(startedAfter(4), watched);
    times.observe(startedAfter(50, "after4"), watched);
    expect(times.of(pool)).toBe(4_000);
  });

  it("are those of each pool", () => {
    const times = new StartTimes();
    times.observe(startedAfter(4), watched);
    expect(times.of({ ...pool, name: "other" })).toBe(10_000);
  });
});
