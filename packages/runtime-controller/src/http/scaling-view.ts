import { z } from "zod";
import { type Command, hasEnded } from "../node-scaling/command.ts";
import type { ScalingState } from "../node-scaling/state.ts";

const nodeRequest = z
  .object({
    action_id: z.string().describe("Identity of the request."),
    operation: z.enum(["scale_up", "scale_down"]),
    status: z
      .enum(["pending", "succeeded", "failed", "cancelled", "dry_run"])
      .describe("How it ended; `pending` while it has not."),
    phase: z
      .string()
      .describe("How far it has come: requested, provisioning, emptying, terminating, restoring, ended."),
    elapsed_seconds: z.int().describe("Time since it was decided, or until it ended."),
    requested_delta_nodes: z.int().describe("Nodes to add; below 0, to remove."),
    applied_delta_nodes: z.int().describe("Nodes that the cloud has agreed to add or remove."),
    target_workers: z.int().describe("The size of the group that it leads to."),
    attempts: z.int().describe("How often the cloud was asked."),
    reason: z.string().describe("Why it was decided, or what hinders it."),
  })
  .meta({ id: "NodeRequest", description: "What was asked of the cloud." });

/** What is known of node scaling: the fields of the answer. */
export const scalingFields = {
  node_requests: z
    .array(nodeRequest)
    .describe("What is asked of the cloud, and the last that ended; oldest first."),
  scaling: z
    .object({
      status: z.enum(["True", "False"]).describe("False: something hinders it."),
      reason: z.string().describe("Why, in one word."),
      message: z.string().describe("Why, as a sentence, as it was when the reason began."),
      since: z.string().describe("When the reason began, in epoch seconds."),
      dead_letters: z.array(nodeRequest).describe("The last requests that were given up; oldest first."),
    })
    .nullable()
    .describe("Whether nodes are scaled as they should be; null while nothing is known."),
};

/** What is shown of node scaling. */
export type ScalingView = z.infer<z.ZodObject<typeof scalingFields>>;

/** What scaling remembers, for people. */
export function scalingViewOf(
  { commands, deadLetters, condition }: ScalingState,
  nowMs: number,
): ScalingView {
  return {
    node_requests: commands.map((command) => requestOf(command, nowMs)),
    scaling: condition
      ? {
          status: condition.status,
          reason: condition.reason,
          message: condition.message,
          since: String(Math.floor(condition.since / 1000)),
          dead_letters: deadLetters.map((command) => requestOf(command, nowMs)),
        }
      : null,
  };
}

function requestOf(command: Command, nowMs: number): z.infer<typeof nodeRequest> {
  const { id, operation, phase, openedAt, endedAt = nowMs, from, target, attempts, acceptedAt } = command;
  const isDone = hasEnded(command) || endedAt < nowMs;
  return {
    action_id: id,
    operation,
    status: isDone ? (command.outcome ?? "failed") : "pending",
    phase,
    elapsed_seconds: Math.max(0, Math.round((endedAt - openedAt) / 1000)),
    requested_delta_nodes: target - from,
    applied_delta_nodes: acceptedAt === undefined ? 0 : target - from,
    target_workers: target,
    attempts,
    reason: command.failure?.message ?? command.reason,
  };
}
