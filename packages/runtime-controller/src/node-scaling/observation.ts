import type { Amounts } from "./amounts.ts";
import type { CloudFailureReason, CloudGroup } from "./executor.ts";
import type { NodeTraits } from "./placement-match.ts";
import type { ScalingState } from "./state.ts";

/** A node that takes runtimes, or is of the group. */
export interface ScalingNode {
  readonly name: string;
  readonly uid: string;
  /** It has the label by which nodes take runtimes. */
  readonly isForRuntimes: boolean;
  /** Its machine; undefined when that is none of the group. */
  readonly instanceId: string | undefined;
  /**
   * `emptying`: it is cordoned by a command of ours. `leaving`: by somebody else, or it is about to be taken away.
   * `silent`: nobody hears from it.
   */
  readonly outlook: "staying" | "emptying" | "leaving" | "silent";
  /** The command it is emptied for. */
  readonly emptiedFor: string | undefined;
  /** Somebody has said that it is not to be removed. */
  readonly isKept: boolean;
  /** Since when it has been ready, or has not been. */
  readonly sinceMs: number;
  readonly allocatable: Amounts;
  /** Of the runtimes that nobody has, what each one takes. */
  readonly warm: readonly Amounts[];
  /** Of the runtimes that users have. */
  readonly assigned: readonly Amounts[];
}

/** What a node of the group is like: for decisions while there is none. */
export interface NodeTemplate extends NodeTraits {
  readonly allocatable: Amounts;
}

/** Runtimes that wait for a node. */
export interface Waiting {
  /** Those that a node of the group can take, what each one takes. */
  readonly loads: readonly Amounts[];
  /** Since when the first of them has waited, in epoch milliseconds; undefined when there is none. */
  readonly sinceMs: number | undefined;
  /** There are others that the scheduler has not got round to: where they come to, is not known yet. */
  readonly isPlacing: boolean;
  /** The pools of those that no node of the group can take. */
  readonly misfits: readonly string[];
}

/** The group, and how long ago it was seen. */
export interface SeenGroup extends CloudGroup {
  readonly ageMs: number;
}

/** What is known at one moment. */
export interface ScalingObservation {
  /** Which group is scaled: commands for another one are called off. */
  readonly groupId: string;
  readonly nodes: readonly ScalingNode[];
  readonly waiting: Waiting;
  /** There are runtimes, or there shall be. */
  readonly hasDemand: boolean;
  /** Undefined while the cloud has not said anything. */
  readonly group: SeenGroup | undefined;
  /** Why the cloud says nothing now. */
  readonly cloudFailure: { readonly reason: CloudFailureReason; readonly message: string } | undefined;
  /** Undefined while no node of the group has been seen. */
  readonly template: NodeTemplate | undefined;
  readonly state: ScalingState;
}
