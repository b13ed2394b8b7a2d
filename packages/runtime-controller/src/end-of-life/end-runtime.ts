import { deleteIfThere } from "@datalayer/shared/kube/delete-if-there";
import type { JsonPatchOperation } from "@datalayer/shared/kube/json-patch";
import { pointer } from "@datalayer/shared/kube/json-patch";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { Pod } from "@datalayer/shared/kube/kinds";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { annotation } from "../runtime/names.ts";
import { addEach } from "../runtime/pod-patch.ts";
import type { Runtime, RuntimeEnd } from "../runtime/runtime.ts";
import type { EndReason } from "./end-reason.ts";

/**
 * The end of an assigned runtime: first its reason is written on the Pod, then the Pod is deleted.
 *
 * Guarantees: the reason that usage names is the one that was decided on, also after a crash between the two
 * writes, as the next leader deletes what has a reason. Of two that end a runtime at once, one gives the reason.
 */
export async function endRuntime(kube: RestClient, runtime: Runtime, end: RuntimeEnd): Promise<void> {
  if (!runtime.end && !runtime.terminating)
    await kube.patch(Pod, runtime, endPatch(runtime, end)).catch(unlessGone);
  await deleteIfThere(kube, Pod, runtime);
}

/**
 * Writes why a runtime ends. Refused (422 without causes) when it is ending already, and when it ends because its
 * credits are used up and somebody has just given it more.
 */
function endPatch(runtime: Runtime, { reason, detail }: RuntimeEnd): JsonPatchOperation[] {
  const { expiredAt } = runtime.assignment ?? {};
  const decidedOn = { op: "test" as const, path: expiredAtPath, value: expiredAt?.toString() ?? null };
  return [
    ...stillLives(runtime),
    ...(reason === creditsUsedUp ? [decidedOn] : []),
    ...addEach("annotations", { [annotation.endReason]: reason, [annotation.endDetail]: detail }),
  ];
}

/** Tests that this very runtime is not ending: part of every change to one that its user has. */
export function stillLives({ uid }: Runtime): JsonPatchOperation[] {
  return [
    { op: "test", path: "/metadata/uid", value: uid },
    { op: "test", path: "/metadata/deletionTimestamp", value: null },
    { op: "test", path: pointer("metadata", "annotations", annotation.endReason), value: null },
  ];
}

/** The reason of a runtime whose time is over. */
export const creditsUsedUp = "CreditsUsedUp" satisfies EndReason;

function unlessGone(error: unknown): void {
  if (!(error instanceof ApiError && error.isNotFound)) throw error;
}

const expiredAtPath = pointer("metadata", "annotations", annotation.expiredAt);
