/** One machine of a group, as its cloud has it. */
export interface CloudInstance {
  readonly id: string;
  /** `going`: the cloud is taking it away. */
  readonly phase: "running" | "going";
}

/** A group of like machines, as its cloud has it. */
export interface CloudGroup {
  /** How many machines the group shall have; those that are going count no more. */
  readonly desired: number;
  readonly min: number;
  readonly max: number;
  readonly instances: readonly CloudInstance[];
  /** What the cloud says of machines that it could not make; absent when nothing. */
  readonly trouble?: string;
  /** Of this very state; a change can be made to depend on it, where the cloud can do that. */
  readonly version?: string;
}

/**
 * Why a cloud did not do what it was asked. Only after `CloudUnclear` may it have been done all the same.
 */
export type CloudFailureReason =
  | "CloudThrottled"
  | "CredentialsRefused"
  /** Asking again is no use until somebody changes something. */
  | "CloudRefused"
  /** The group is no longer what it was taken for. */
  | "GroupChanged"
  | "CloudUnclear";

/** A cloud did not do what it was asked, or did not say so. */
export class CloudError extends Error {
  override readonly name = "CloudError";
  readonly reason: CloudFailureReason;
  /** How long the cloud asks to wait. */
  readonly retryAfterMs: number | undefined;

  /** @param message - for people; never a secret. */
  constructor(
    reason: CloudFailureReason,
    message: string,
    options: { retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.reason = reason;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** A call ends within this time, however many requests it makes of its cloud. */
export const callLimitMs = 10_000;

/** A change may arrive for so long after its call has ended unanswered: until then nobody asks for it again. */
export const lateArrivalMs = 10_000;

/** Ends a call when its time is over, or when its caller gives it up. */
export function callSignal(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(callLimitMs)]);
}

/**
 * Carries decisions out on a group of machines. Every call ends within {@link callLimitMs}, and is never sent twice by
 * itself: who calls looks at the group first.
 */
export interface Executor {
  readonly name: "dry-run" | "aws" | "azure";
  /** The group, for people. */
  readonly group: string;
  /** The machine of the group that a node runs on; undefined when it is none of this cloud. */
  instanceOf(node: { name: string; providerId: string | undefined }): string | undefined;
  /** @throws CloudError */
  describe(signal: AbortSignal): Promise<CloudGroup>;
  /**
   * Has the group be of this size, which is larger than now. Saying it twice changes nothing more.
   * @param seen - the group as it was when that was decided.
   * @throws CloudError
   */
  raise(target: number, seen: CloudGroup, signal: AbortSignal): Promise<void>;
  /**
   * Takes this machine out of the group, which becomes smaller by one.
   * @throws CloudError
   */
  remove(instanceId: string, seen: CloudGroup, signal: AbortSignal): Promise<void>;
}
