/** What a runtime with a home carries beside any other, on its Pod and on its home. */
export const homeAnnotation = {
  /** On the Pod: name of the PersistentVolumeClaim that is its home. */
  claim: "runtime-pools.datalayer.io/home",
  /** On the Pod: uid of the Pod that ran before it, or {@link neverRan}. */
  resumes: "runtime-pools.datalayer.io/resumes",
  /** On the home: uid of the Pod that runs or ran last, or {@link neverRan}. */
  lastPod: "runtime-pools.datalayer.io/last-pod",
  /** On the home: since when the runtime uses no credits, in epoch seconds. */
  pausedAt: "runtime-pools.datalayer.io/paused-at",
  /** On the home: why the operator paused the runtime, for people; absent when its user did, or somebody else. */
  pausedBecause: "runtime-pools.datalayer.io/paused-because",
  /** On the home: since when the Pod that it wants cannot be made, in epoch seconds. */
  waitsSince: "runtime-pools.datalayer.io/waits-since",
  /** On the home: why that Pod cannot be made, for people. */
  waitsBecause: "runtime-pools.datalayer.io/waits-because",
} as const;

/** Stands for the Pod of a runtime that has had none yet. */
export const neverRan = "none";

/** Keeps the Pod readable until its home says what became of the runtime. */
export const homeFinalizer = "datalayer.io/home";

/** Everything that a home says of its runtime lies under this; what a volume says of itself does not. */
export const recordPrefix = "runtime-pools.datalayer.io/";

/** Name of the home that is made for a runtime, and goes with it. */
export function homeClaimNameOf(podName: string): string {
  return `${podName}-home`;
}
