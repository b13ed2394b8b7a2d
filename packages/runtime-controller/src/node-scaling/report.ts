import type { Capacity, Terms } from "./capacity.ts";
import type { CommandFailure } from "./command.ts";
import { counted } from "./counted.ts";
import { cooldownLeftMs, type Decision } from "./decide.ts";
import type { ScalingObservation, SeenGroup } from "./observation.ts";
import { activeCommands, type ScalingCondition, type ScalingReason } from "./state.ts";

/** What a condition follows from beside what is observed. */
export interface Concluding {
  readonly terms: Terms;
  readonly group?: SeenGroup;
  readonly capacity?: Capacity;
}

type Finding = Pick<ScalingCondition, "status" | "reason" | "message">;

/** Whether nodes are scaled as they should be, and why: what hinders it comes before what is going on. */
export function conditionOf(
  observed: ScalingObservation,
  decision: Decision,
  parts: Concluding,
): ScalingCondition {
  const { condition } = observed.state;
  const found =
    cloudTrouble(observed) ??
    commandTrouble(observed, parts.terms) ??
    machineTrouble(parts) ??
    findingOf(observed, decision);
  const isSame = condition?.reason === found.reason && condition.status === found.status;
  return { ...found, since: isSame ? condition.since : parts.terms.nowMs };
}

function hindered(reason: ScalingReason, message: string): Finding {
  return { status: "False", reason, message };
}

function cloudTrouble({ cloudFailure }: ScalingObservation): Finding | undefined {
  return cloudFailure && hindered(cloudFailure.reason, cloudFailure.message);
}

/** What the command under way, or the one that was given up last, has failed with. */
function commandTrouble(observed: ScalingObservation, terms: Terms): Finding | undefined {
  const { state } = observed;
  const failing = activeCommands(state).find(({ failure, phase }) => failure && phase !== "restoring");
  if (failing?.failure) return hindered(failing.failure.reason, `${failing.id}: ${failing.failure.message}`);
  const last = state.failuresInRow > 0 ? state.deadLetters.at(-1) : undefined;
  if (!last?.failure) return undefined;
  const waitMs = Math.max(0, cooldownLeftMs(observed, terms));
  return hindered(last.failure.reason, givenUp(last.id, last.failure, waitMs));
}

function givenUp(id: string, { message }: CommandFailure, waitMs: number): string {
  return `${id} was given up: ${message} The next decision comes in ${Math.ceil(waitMs / 1000)} s.`;
}

function machineTrouble({ group, capacity }: Concluding): Finding | undefined {
  if (!group || !capacity) return undefined;
  const [lost] = capacity.lost;
  if (lost !== undefined) {
    const message = `Not ready for too long, and removed unless somebody has a runtime there: ${counted(capacity.lost.length, "machine")}, such as ${lost}.`;
    return hindered("NodesDoNotJoin", message);
  }
  return capacity.coming > 0 && group.trouble !== undefined
    ? hindered("NoMachines", group.trouble)
    : undefined;
}

const hindrances: readonly ScalingReason[] = ["AtMaximum", "NodeNotUsed", "GroupUnknown"];

function findingOf({ state }: ScalingObservation, decision: Decision): Finding {
  if (decision.kind === "keep" && hindrances.includes(decision.reason)) {
    return hindered(decision.reason, decision.message);
  }
  const [active] = activeCommands(state);
  const isWanted = decision.kind !== "keep" || decision.reason === "CoolingDown";
  const last =
    active ?? (isWanted ? state.commands.findLast(({ outcome }) => outcome === "dry_run") : undefined);
  if (last) {
    const isUp = last.operation === "scale_up";
    const reason = last === active ? (isUp ? "ScalingUp" : "ScalingDown") : "DryRun";
    return {
      status: "True",
      reason,
      message: `${last.id}: ${last.from} to ${counted(last.target, "node")}. ${last.reason}`,
    };
  }
  if (decision.kind === "keep") return { status: "True", reason: decision.reason, message: decision.message };
  return { status: "True", reason: "ScalingUp", message: "A decision is being written down." };
}
