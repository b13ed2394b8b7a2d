import jsonPatch from "fast-json-patch";
import { describe, expect, it } from "vitest";
import { assignment } from "../../test/assignment.ts";
import { runtimePod } from "../../test/pool-objects.ts";
import { parseRuntime } from "../runtime/runtime.ts";
import { claimPatch } from "./claim-patch.ts";
import type { Pod } from "@datalayer/shared/kube/kinds";

const owner = {
  apiVersion: "datalayer.io/v1",
  kind: "RuntimePool",
  name: "python-simple-pool",
  uid: "uid-of-pool",
  controller: true,
};
const other = { apiVersion: "v1", kind: "ConfigMap", name: "other", uid: "uid-of-other" };

function warmPod(metadata: Partial<Pod["metadata"]> = {}): Pod {
  const pod = runtimePod("01k");
  return { ...pod, metadata: { ...pod.metadata, ownerReferences: [owner], ...metadata } };
}

/** The Pod after the patch. @throws when a test of the patch does not hold. */
function patched(pod: Pod, operations = claimPatch(parseRuntime(pod)!, assignment())): Pod {
  // The API server reads an absent value as null where a patch tests for null; the library does not.
  const comparable = structuredClone({
    ...pod,
    metadata: { deletionTimestamp: null, finalizers: null, ...pod.metadata },
  });
  return jsonPatch.applyPatch(comparable as unknown as Pod, [...operations] as jsonPatch.Operation[], true)
    .newDocument;
}

describe("the claim patch", () => {
  it("tests what must still hold, then makes the whole assignment", () => {
    const claim = assignment({ claimKey: "key-hash", expiredAt: 1_900_000_000 });
    expect(claimPatch(parseRuntime(warmPod())!, claim)).toMatchInlineSnapshot(`
      [
        {
          "op": "test",
          "path": "/metadata/uid",
          "value": "uid-of-runtime-01k",
        },
        {
          "op": "test",
          "path": "/metadata/labels/runtime-pools.datalayer.io~1pod-status",
          "value": "available",
        },
        {
          "op": "test",
          "path": "/metadata/deletionTimestamp",
          "value": null,
        },
        {
          "op": "test",
          "path": "/status/phase",
          "value": "Running",
        },
        {
          "op": "test",
          "path": "/status/podIP",
          "value": "10.0.0.1",
        },
        {
          "op": "test",
          "path": "/status/containerStatuses/0/restartCount",
          "value": 0,
        },
        {
          "op": "add",
          "path": "/metadata/labels/runtime-pools.datalayer.io~1pod-status",
          "value": "assigned",
        },
        {
          "op": "add",
          "path": "/metadata/labels/runtime-pools.datalayer.io~1user-uid",
          "value": "user-1",
        },
        {
          "op": "add",
          "path": "/metadata/labels/runtime-pools.datalayer.io~1kernel-type",
          "value": "notebook",
        },
        {
          "op": "add",
          "path": "/metadata/labels/runtime-pools.datalayer.io~1reservation-id",
          "value": "reservation-1",
        },
        {
          "op": "add",
          "path": "/metadata/labels/runtime-pools.datalayer.io~1claim-key",
          "value": "key-hash",
        },
        {
          "op": "add",
          "path": "/metadata/annotations/runtime-pools.datalayer.io~1claim-id",
          "value": "claim-1",
        },
        {
          "op": "add",
          "path": "/metadata/annotations/runtime-pools.datalayer.io~1body-hash",
          "value": "body-1",
        },
        {
          "op": "add",
          "path": "/metadata/annotations/runtime-pools.datalayer.io~1given-name",
          "value": "My notebook",
        },
        {
          "op": "add",
          "path": "/metadata/annotations/runtime-pools.datalayer.io~1started-at",
          "value": "1800000000",
        },
        {
          "op": "add",
          "path": "/metadata/annotations/runtime-pools.datalayer.io~1expired-at",
          "value": "1900000000",
        },
        {
          "op": "add",
          "path": "/metadata/annotations/runtime-pools.datalayer.io~1burning-rate",
          "value": "0.01",
        },
        {
          "op": "add",
          "path": "/metadata/annotations/cluster-autoscaler.kubernetes.io~1safe-to-evict",
          "value": "false",
        },
        {
          "op": "add",
          "path": "/metadata/annotations/karpenter.sh~1do-not-disrupt",
          "value": "true",
        },
        {
          "op": "test",
          "path": "/metadata/finalizers",
          "value": null,
        },
        {
          "op": "add",
          "path": "/metadata/finalizers",
          "value": [
            "datalayer.io/usage",
          ],
        },
        {
          "op": "test",
          "path": "/metadata/ownerReferences/0/uid",
          "value": "uid-of-pool",
        },
        {
          "op": "remove",
          "path": "/metadata/ownerReferences/0",
        },
      ]
    `);
  });

  it("leaves out what the claim does not set", () => {
    const claim = assignment({ reservationId: undefined });
    const paths = claimPatch(parseRuntime(warmPod())!, claim).map(({ path }) => path);
    for (const absent of ["reservation-id", "claim-key", "expired-at", "brings-secret"])
      expect(paths.filter((path) => path.endsWith(absent))).toEqual([]);
  });

  it("announces the Secret that will follow", () => {
    const operations = claimPatch(parseRuntime(warmPod())!, assignment({ bringsSecret: true }));
    const path = "/metadata/annotations/runtime-pools.datalayer.io~1brings-secret";
    expect(operations).toContainEqual({ op: "add", path, value: "true" });
  });

  it("is read back as the assignment that it makes", () => {
    const claim = assignment({ claimKey: "key-hash", expiredAt: 1_900_000_000 });
    const pod = warmPod();
    const after = parseRuntime(patched(pod, claimPatch(parseRuntime(pod)!, claim)));
    expect(after).toMatchObject({ state: "assigned", assignment: claim });
  });

  it("leaves the pool but no other owner, wherever it stands", () => {
    expect(patched(warmPod({ ownerReferences: [other, owner] })).metadata.ownerReferences).toEqual([other]);
    expect(patched(warmPod({ ownerReferences: [owner] })).metadata.ownerReferences).toEqual([]);
    expect(patched(warmPod({ ownerReferences: undefined })).metadata.ownerReferences).toBeUndefined();
  });

  it("adds its finalizer to those that are there", () => {
    expect(patched(warmPod({ finalizers: ["other"] })).metadata.finalizers).toEqual([
      "other",
      "datalayer.io/usage",
    ]);
    expect(patched(warmPod()).metadata.finalizers).toEqual(["datalayer.io/usage"]);
  });

  it.each<[string, (pod: Pod) => void]>([
    ["another Pod of that name", (pod) => (pod.metadata.uid = "another")],
    [
      "an assigned one",
      (pod) => Object.assign(pod.metadata.labels!, { "runtime-pools.datalayer.io/pod-status": "assigned" }),
    ],
    ["one that is being deleted", (pod) => (pod.metadata.deletionTimestamp = "2026-01-01T00:00:00Z")],
    ["one that has failed", (pod) => (pod.status!.phase = "Failed")],
    ["one with another address", (pod) => (pod.status!.podIP = "10.0.0.2")],
    ["one that has restarted", (pod) => (pod.status!.containerStatuses![0]!.restartCount = 1)],
    ["one with finalizers that came later", (pod) => (pod.metadata.finalizers = ["new"])],
    ["one with another owner in that place", (pod) => (pod.metadata.ownerReferences = [other, owner])],
  ])("does not apply to %s", (_, change) => {
    const operations = claimPatch(parseRuntime(warmPod())!, assignment());
    const pod = warmPod();
    change(pod);
    expect(() => patched(pod, operations)).toThrow();
    expect(() => patched(warmPod(), operations)).not.toThrow();
  });
});
