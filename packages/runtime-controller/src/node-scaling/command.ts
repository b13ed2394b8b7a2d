import type { CloudFailureReason } from "./executor.ts";

/** Why a command does not get on. */
export interface CommandFailure {
  readonly reason: CloudFailureReason | "NodesDoNotJoin";
  /** A sentence for people. */
  readonly message: string;
}

/** How a command ended. */
export type CommandOutcome = "succeeded" | "failed" | "cancelled" | "dry_run";

/** A decision to change the number of nodes, and how far it has come. All times are epoch milliseconds. */
interface CommandFields {
  /** Unique among all commands, and the same for whoever goes on with it. */
  readonly id: string;
  /** The group that it is meant for. */
  readonly group: string;
  readonly openedAt: number;
  /** Why it was decided: a sentence for people. */
  readonly reason: string;
  /** The size of the group when it was decided. */
  readonly from: number;
  /** The size of the group that it leads to. */
  readonly target: number;
  /** Calls of the cloud so far; each is counted before it is made. */
  readonly attempts: number;
  /** No further call before this time. */
  readonly notBefore?: number | undefined;
  /** When the cloud had taken it. */
  readonly acceptedAt?: number | undefined;
  /** What the last attempt failed with. */
  readonly failure?: CommandFailure | undefined;
  readonly endedAt?: number;
  readonly outcome?: CommandOutcome;
}

/** Makes the group as large as `target`: a size, never "one more", so that it may be said twice. */
export interface ScaleUp extends CommandFields {
  readonly operation: "scale_up";
  readonly phase: "requested" | "provisioning" | "ended";
}

/** Removes this machine, and no other in its place. */
export interface ScaleDown extends CommandFields {
  readonly operation: "scale_down";
  /**
   * `emptying`: its node takes no new Pods, and its warm runtimes are replaced elsewhere. `terminating`: the cloud
   * has taken it. `restoring`: the node shall take Pods again, then the command ends with its outcome.
   */
  readonly phase: "emptying" | "terminating" | "restoring" | "ended";
  readonly instanceId: string;
  /** When its node was first seen to take no new Pods. */
  readonly cordonedAt?: number;
  /** Absent for a machine that never became a node. */
  readonly node?: { readonly name: string; readonly uid: string };
}

/** What is asked of the cloud. */
export type Command = ScaleUp | ScaleDown;

/** Whether nothing is left to do for it. */
export function hasEnded({ phase }: Command): boolean {
  return phase === "ended";
}

/** The command, ended. */
export function ended<C extends Command>(command: C, outcome: CommandOutcome, nowMs: number): C {
  return { ...command, phase: "ended", outcome, endedAt: nowMs };
}

/** Whether a command can be called off: nothing has been asked of the cloud. */
export function isRevocable(command: Command): command is ScaleDown {
  return command.operation === "scale_down" && command.phase === "emptying" && command.attempts === 0;
}
