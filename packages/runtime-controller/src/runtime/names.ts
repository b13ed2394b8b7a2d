import { poolAnnotation, poolLabel } from "@datalayer/shared/runtime/names";

/**
 * The labels and annotations of runtime Pods. Those under `runtime-pools.datalayer.io` up to
 * `reservation-id` are published: other services select and read by them.
 */
export const label = {
  app: "app",
  datalayerApp: "datalayer.io/app",
  pool: poolLabel,
  state: "runtime-pools.datalayer.io/pod-status",
  userUid: "runtime-pools.datalayer.io/user-uid",
  kernelType: "runtime-pools.datalayer.io/kernel-type",
  reservationId: "runtime-pools.datalayer.io/reservation-id",
  /** Hash of the Idempotency-Key of the claim. */
  claimKey: "runtime-pools.datalayer.io/claim-key",
  /** Hash of what the Pod is made of. */
  revision: "runtime-pools.datalayer.io/revision",
} as const;

export const annotation = {
  pool: poolAnnotation,
  environment: "runtime-pools.datalayer.io/environment",
  /** Which key the token was derived with. */
  tokenKeyId: "runtime-pools.datalayer.io/token-key-id",
  /** The contents that it was made with, as JSON; absent without any. */
  contents: "runtime-pools.datalayer.io/contents",
  /** Identity of one claim attempt: tells our own write from another's after a lost answer. */
  claimId: "runtime-pools.datalayer.io/claim-id",
  /** Seal of the claim's body: the same key with another body is refused. Absent without a key. */
  bodySeal: "runtime-pools.datalayer.io/body-hash",
  /** `true` when the claim brings a Secret into the runtime; else absent. */
  bringsSecret: "runtime-pools.datalayer.io/brings-secret",
  /** `true` once that Secret is there; writing this makes kubelet look. */
  injected: "runtime-pools.datalayer.io/injected",
  givenName: "runtime-pools.datalayer.io/given-name",
  /** Epoch seconds. */
  startedAt: "runtime-pools.datalayer.io/started-at",
  /** Seconds that earlier Pods of the runtime served, before it was paused; absent when there were none. */
  usedSeconds: "runtime-pools.datalayer.io/used-seconds",
  /** Epoch seconds; absent when the claim sets no limit. */
  expiredAt: "runtime-pools.datalayer.io/expired-at",
  /** Credits per second. */
  burningRate: "runtime-pools.datalayer.io/burning-rate",
  /** Epoch seconds by which a runtime that was created for its user has to serve; gone once it does. */
  startDeadline: "runtime-pools.datalayer.io/start-deadline",
  /** Why it ends, written before its Pod is deleted. */
  endReason: "runtime-pools.datalayer.io/end-reason",
  /** What the caller gave as the reason when it ended the runtime. */
  endDetail: "runtime-pools.datalayer.io/end-detail",
  /** Epoch seconds; written seldom, see `activity/`. */
  lastActivityAt: "runtime-pools.datalayer.io/last-activity-at",
  /** Epoch seconds since which the node of an assigned runtime goes; absent while it stays. */
  nodeDrainingSince: "runtime-pools.datalayer.io/node-draining-since",
  /** Epoch seconds at which a runtime on a node that goes is ended; absent without a deadline. */
  nodeDrainEndsAt: "runtime-pools.datalayer.io/node-drain-ends-at",
  safeToEvict: "cluster-autoscaler.kubernetes.io/safe-to-evict",
  doNotDisrupt: "karpenter.sh/do-not-disrupt",
} as const;

/** Keeps an assigned Pod readable until its usage is recorded, even when its node is lost. */
export const usageFinalizer = "datalayer.io/usage";

/** The container that serves Jupyter. */
export const jupyterContainer = "jupyter";
