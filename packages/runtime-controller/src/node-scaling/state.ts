import { z } from "zod";
import { type Command, type CommandFailure, hasEnded } from "./command.ts";
import type { NodeTemplate } from "./observation.ts";

/** Why scaling does what it does; the reasons of its condition and Events. */
export type ScalingReason =
  | "Settled"
  | "ScalingUp"
  | "ScalingDown"
  | "CoolingDown"
  | "DryRun"
  | "AtMaximum"
  | "NoNodeFits"
  | "NodeNotUsed"
  | "GroupUnknown"
  | "NoMachines"
  | "StateUnreadable"
  | CommandFailure["reason"];

/** Whether nodes are scaled as they should be, and why. */
export interface ScalingCondition {
  /** `False`: something hinders it. */
  readonly status: "True" | "False";
  readonly reason: ScalingReason;
  /** A sentence for people. */
  readonly message: string;
  /** Epoch milliseconds of the last change of reason. */
  readonly since: number;
}

/** Something that happened. */
export interface HistoryEvent {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly reason: string;
  readonly message: string;
}

/** All that scaling remembers. */
export interface ScalingState {
  /** Number of the last command. */
  readonly sequence: number;
  /** When the last command was opened, in epoch milliseconds. */
  readonly lastActionAt?: number;
  /** Commands that were given up since one succeeded. */
  readonly failuresInRow: number;
  /** Those under way, and the last that ended; oldest first. */
  readonly commands: readonly Command[];
  /** The last that were given up; oldest first. */
  readonly deadLetters: readonly Command[];
  /** Machines that are no node that is ready, and since when they are known, in epoch milliseconds. */
  readonly unjoined: Readonly<Record<string, number>>;
  readonly template?: NodeTemplate;
  readonly condition?: ScalingCondition;
}

/** What there is to remember at the beginning. */
export const emptyState: ScalingState = {
  sequence: 0,
  failuresInRow: 0,
  commands: [],
  deadLetters: [],
  unjoined: {},
};

const mostEndedCommands = 20;
const mostDeadLetters = 50;

/** The commands that are not at their end. */
export function activeCommands({ commands }: ScalingState): Command[] {
  return commands.filter((command) => !hasEnded(command));
}

/** The state with this command as it is now, and the oldest of those that ended forgotten. */
export function withCommand(state: ScalingState, command: Command): ScalingState {
  const isKnown = state.commands.some(({ id }) => id === command.id);
  const all = isKnown
    ? state.commands.map((one) => (one.id === command.id ? command : one))
    : [...state.commands, command];
  const surplus = all.filter(hasEnded).slice(0, -mostEndedCommands);
  return { ...state, commands: all.filter((one) => !surplus.includes(one)) };
}

/** The state after this command was given up. */
export function withDeadLetter(state: ScalingState, command: Command): ScalingState {
  const deadLetters = [...state.deadLetters, command].slice(-mostDeadLetters);
  return { ...state, deadLetters, failuresInRow: state.failuresInRow + 1 };
}

const time = z.number().nonnegative();
const failureReason = z.enum([
  "CloudThrottled",
  "CredentialsRefused",
  "CloudRefused",
  "GroupChanged",
  "CloudUnclear",
  "NodesDoNotJoin",
]);
const scalingReason = z.enum([
  "Settled",
  "ScalingUp",
  "ScalingDown",
  "CoolingDown",
  "DryRun",
  "AtMaximum",
  "NoNodeFits",
  "NodeNotUsed",
  "GroupUnknown",
  "NoMachines",
  "StateUnreadable",
  ...failureReason.options,
]);
const fields = {
  id: z.string(),
  group: z.string(),
  openedAt: time,
  reason: z.string(),
  from: z.int().nonnegative(),
  target: z.int().nonnegative(),
  attempts: z.int().nonnegative(),
  notBefore: time.optional(),
  acceptedAt: time.optional(),
  failure: z.object({ reason: failureReason, message: z.string() }).optional(),
  endedAt: time.optional(),
  outcome: z.enum(["succeeded", "failed", "cancelled", "dry_run"]).optional(),
};
const command = z.discriminatedUnion("operation", [
  z.object({
    ...fields,
    operation: z.literal("scale_up"),
    phase: z.enum(["requested", "provisioning", "ended"]),
  }),
  z.object({
    ...fields,
    operation: z.literal("scale_down"),
    phase: z.enum(["emptying", "terminating", "restoring", "ended"]),
    instanceId: z.string(),
    cordonedAt: time.optional(),
    node: z.object({ name: z.string(), uid: z.string() }).optional(),
  }),
]);

/** Reads commands that were written before. */
export const commandList = z.array(command);
/** Reads the history. */
export const historyList = z.array(z.object({ at: time, reason: z.string(), message: z.string() }));
/** Reads all else. */
export const stateRest = z.object({
  sequence: z.int().nonnegative(),
  lastActionAt: time.optional(),
  failuresInRow: z.int().nonnegative(),
  unjoined: z.record(z.string(), time),
  template: z
    .object({
      allocatable: z.record(z.string(), z.number()),
      labels: z.record(z.string(), z.string()),
      taints: z.array(z.object({ key: z.string(), value: z.string().optional(), effect: z.string() })),
    })
    .optional(),
  condition: z
    .object({ status: z.enum(["True", "False"]), reason: scalingReason, message: z.string(), since: time })
    .optional(),
});
