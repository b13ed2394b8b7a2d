import { type PersistentVolumeClaim, Pod } from "@datalayer/shared/kube/kinds";
import { label } from "../runtime/names.ts";
import { type AssignedRuntime, isAssigned, parseRuntime, type Runtime } from "../runtime/runtime.ts";
import { homeOf } from "../volume/names.ts";
import { homeAnnotation, homeClaimNameOf, neverRan } from "./names.ts";

const states = ["resuming", "assigned", "paused", "ending"] as const;

/**
 * What is wanted of the runtime that has a home.
 *
 * - `resuming`: a Pod that takes over from the last one
 * - `assigned`: the Pod that is there
 * - `paused`: no Pod
 * - `ending`: neither Pod nor runtime; the home goes with it, or is a volume that becomes free
 */
export type HomeState = (typeof states)[number];

/** The PersistentVolumeClaim that keeps a runtime's files and, while there is no Pod, the runtime itself. */
export interface Home {
  readonly claim: PersistentVolumeClaim;
  readonly state: HomeState;
  /** The runtime as its home knows it. Its Pod is made up, and its uid is that of the claim. */
  readonly runtime: AssignedRuntime;
  /** Uid of the Pod that runs or ran last, or {@link neverRan}. */
  readonly lastPod: string;
  /** Epoch seconds since which it uses no credits; absent while it runs, and before its first Pod. */
  readonly pausedAt?: number;
  /** Why the operator paused it, the last time that it was paused; absent when its user did, or somebody else. */
  readonly pausedBecause?: string;
  /** Why the Pod that it wants cannot be made, and since when, in epoch seconds; absent while nothing is known. */
  readonly hindrance?: { readonly since: number; readonly because: string };
  /** Made for this runtime, and gone with it; otherwise a volume of the user's. */
  readonly isOwn: boolean;
}

/** Reads a home; undefined when the claim is nobody's home. */
export function parseHome(claim: PersistentVolumeClaim): Home | undefined {
  const { name, labels = {}, annotations = {} } = claim.metadata;
  const state = states.find((one) => one === labels[label.state]);
  const runtime = runtimeOf(claim, labels[homeOf]);
  if (state === undefined || !runtime || !isAssigned(runtime)) return undefined;
  const pausedAt = annotations[homeAnnotation.pausedAt];
  return {
    claim,
    state,
    runtime,
    lastPod: annotations[homeAnnotation.lastPod] ?? neverRan,
    pausedAt: pausedAt === undefined ? undefined : Number(pausedAt),
    pausedBecause: annotations[homeAnnotation.pausedBecause],
    hindrance: hindranceOf(annotations),
    isOwn: name === homeClaimNameOf(runtime.name),
  };
}

function hindranceOf(annotations: Record<string, string>): Home["hindrance"] {
  const { [homeAnnotation.waitsSince]: since, [homeAnnotation.waitsBecause]: because } = annotations;
  return since === undefined || because === undefined ? undefined : { since: Number(since), because };
}

/** The labels and annotations of a home are those of the Pod that it stands for. */
function runtimeOf({ metadata }: PersistentVolumeClaim, name: string | undefined): Runtime | undefined {
  if (name === undefined) return undefined;
  const { apiVersion, kind } = Pod;
  const labels = { ...metadata.labels, [label.state]: "paused" };
  return parseRuntime({ apiVersion, kind, metadata: { ...metadata, name, labels } });
}
