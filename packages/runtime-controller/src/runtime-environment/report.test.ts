import { conditionsAfter } from "@datalayer/shared/controller/conditions";
import type { Condition } from "@datalayer/shared/controller/conditions";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { describe, expect, it } from "vitest";
import { storedPool } from "../../test/pool-objects.ts";
import { type EnvironmentObservation, reportEnvironment } from "./report.ts";

const image = { reference: "r.example/jupyter:1" };
const contents = { mounted: [] };

/** A pool that says this of its readiness. */
function pool(name: string, reason?: string, status: Condition["status"] = "False"): RuntimePool {
  const message = "the first Pod says so";
  const conditions = reason ? [{ type: "Ready", status, reason, message, lastTransitionTime: "" }] : [];
  return storedPool({}, { name, status: { conditions } });
}

/** Every condition as `Type=Status/Reason`, after the summary of the loop. */
function conditionsOf(observed: EnvironmentObservation): string {
  const { outcome, conditions: reported } = reportEnvironment(observed);
  const conditions = conditionsAfter([], { outcome, reported }, { nowMs: 0 });
  return conditions.map(({ type, status, reason }) => `${type}=${status}/${reason}`).join(" ");
}

describe("the conditions of an environment", () => {
  const notFound = { reason: "ImageNotFound", message: "There is none." } as const;
  const notReady = { reason: "ImageNotReady", message: "Not built.", isPassing: true } as const;
  const fine =
    "Reconciling=False/Settled Stalled=False/Settled Ready=True/Usable ImageResolved=True/ImageResolved ContentsResolved=True/ContentsResolved";
  const table: [string, EnvironmentObservation, string][] = [
    ["call it usable, also without pools", { image, contents, pools: [] }, fine],
    [
      "leave it to a pool that it has none available",
      { image, contents, pools: [pool("a", "NoneAvailable")] },
      fine,
    ],
    [
      "leave it to a pool that its Pods fit no node",
      { image, contents, pools: [pool("a", "Unschedulable")] },
      fine,
    ],
    [
      "leave it to a pool that still serves that new Pods fail",
      { image, contents, pools: [pool("a", "ImagePullFailed", "True")] },
      fine,
    ],
    [
      "say that its image is missing",
      { image: { fault: notFound }, contents, pools: [] },
      "Ready=False/ImageNotFound Reconciling=False/ImageNotFound Stalled=True/ImageNotFound ImageResolved=False/ImageNotFound ContentsResolved=True/ContentsResolved",
    ],
    [
      "wait for an image that is being built",
      { image: { fault: notReady }, contents, pools: [] },
      "Ready=False/ImageNotReady Reconciling=True/ImageNotReady Stalled=False/ImageNotReady ImageResolved=False/ImageNotReady ContentsResolved=True/ContentsResolved",
    ],
    [
      "say that a content is missing",
      { image, contents: { faults: [{ reason: "ContentNotFound", message: "No." }] }, pools: [] },
      "Ready=False/ContentNotFound Reconciling=False/ContentNotFound Stalled=True/ContentNotFound ImageResolved=True/ImageResolved ContentsResolved=False/ContentNotFound",
    ],
    [
      "say that its image cannot be pulled",
      { image, contents, pools: [pool("a"), pool("b", "ImagePullFailed"), pool("c", "CrashLooping")] },
      "Ready=False/ImagePullFailed Reconciling=True/ImagePullFailed Stalled=False/ImagePullFailed ImageResolved=True/ImageResolved ContentsResolved=True/ContentsResolved",
    ],
  ];
  it.each(table)("%s", (_, observed, conditions) => {
    expect(conditionsOf(observed)).toBe(conditions);
  });

  it("name the pool whose runtimes cannot start, and its reason", () => {
    const { outcome } = reportEnvironment({ image, contents, pools: [pool("b", "CrashLooping")] });
    expect(outcome).toMatchObject({ message: 'Pool "b": the first Pod says so' });
  });
});

describe("the status of an environment", () => {
  it("names its pools, and not without end", () => {
    const pools = Array.from({ length: 150 }, (_, index) => pool(`pool-${index}`));
    const { status } = reportEnvironment({ image, contents, pools });
    expect(status?.image).toBe("r.example/jupyter:1");
    expect(status?.poolCount).toBe(150);
    expect(status?.pools).toHaveLength(100);
  });
});
