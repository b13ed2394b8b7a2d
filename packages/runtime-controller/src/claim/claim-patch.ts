import { type JsonPatchOperation, pointer } from "@datalayer/shared/kube/json-patch";
import { assignmentAnnotations, assignmentLabels } from "../runtime/assignment-metadata.ts";
import { jupyterContainer, label, usageFinalizer } from "../runtime/names.ts";
import { addEach } from "../runtime/pod-patch.ts";
import type { Assignment, Runtime } from "../runtime/runtime.ts";

/**
 * The claim: one JSON Patch that either makes the whole assignment or nothing.
 *
 * Flow: the tests hold only for the Pod that was seen warm, then everything the assignment consists of is
 * written at once. Two claims of one Pod cannot both pass: the first changes what the second tests.
 *
 * Why not resourceVersion: kubelet writes the status of a warm Pod at any time, and each such write would
 * lose a claim for nothing.
 */
export function claimPatch(runtime: Runtime, assignment: Assignment): JsonPatchOperation[] {
  return [...stillWarm(runtime), ...assign(assignment), ...keepForUsage(runtime), ...leavePool(runtime)];
}

function stillWarm({ pod, uid }: Runtime): JsonPatchOperation[] {
  const container = (pod.status?.containerStatuses ?? []).findIndex(({ name }) => name === jupyterContainer);
  const restartCount = pod.status?.containerStatuses?.[container]?.restartCount ?? 0;
  return [
    { op: "test", path: "/metadata/uid", value: uid },
    { op: "test", path: pointer("metadata", "labels", label.state), value: "available" },
    // A Pod that is being deleted still reads as available; without this test 26 of 300 races won one.
    { op: "test", path: "/metadata/deletionTimestamp", value: null },
    { op: "test", path: "/status/phase", value: "Running" },
    { op: "test", path: "/status/podIP", value: pod.status?.podIP },
    { op: "test", path: `/status/containerStatuses/${container}/restartCount`, value: restartCount },
  ];
}

function assign(assignment: Assignment): JsonPatchOperation[] {
  return [
    ...addEach("labels", assignmentLabels(assignment)),
    ...addEach("annotations", assignmentAnnotations(assignment)),
  ];
}

function keepForUsage({ pod }: Runtime): JsonPatchOperation[] {
  if (pod.metadata.finalizers?.length) {
    return [{ op: "add", path: "/metadata/finalizers/-", value: usageFinalizer }];
  }
  return [
    { op: "test", path: "/metadata/finalizers", value: null },
    { op: "add", path: "/metadata/finalizers", value: [usageFinalizer] },
  ];
}

// Deleting a pool must never take a user's runtime with it.
function leavePool({ pod }: Runtime): JsonPatchOperation[] {
  const owners = pod.metadata.ownerReferences ?? [];
  const index = owners.findIndex((owner) => owner.controller);
  if (index < 0) return [];
  return [
    { op: "test", path: `/metadata/ownerReferences/${index}/uid`, value: owners[index]?.uid },
    { op: "remove", path: `/metadata/ownerReferences/${index}` },
  ];
}
