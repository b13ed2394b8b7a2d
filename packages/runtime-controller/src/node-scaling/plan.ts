import { type Effect, nextStepOf, type Scene, type Step } from "./advance.ts";
import { capacityOf, type Terms } from "./capacity.ts";
import { type Command, ended, type ScaleDown, type ScaleUp } from "./command.ts";
import { counted } from "./counted.ts";
import { decide, type Decision, type Victim } from "./decide.ts";
import type { ScalingNode, ScalingObservation, SeenGroup } from "./observation.ts";
import { runtimeRole } from "./node-role.ts";
import { type Concluding, conditionOf } from "./report.ts";
import { activeCommands, type HistoryEvent, type ScalingState, withCommand } from "./state.ts";

/** How long what the cloud has said is good enough while nothing is under way. */
const idleLookMs = 60_000;
/** In a dry run the cluster itself is asked, which costs nothing. */
const dryRunLookMs = 2_000;

/**
 * The next step of scaling; undefined when there is nothing to do for now.
 *
 * Commands under way go on first, one step at a time. A new one is opened by writing it down, and only that; what it
 * asks of the cloud comes after. So whoever goes on after a crash finds what was meant, and looks at the group before
 * saying it again.
 */
export function planScaling(observed: ScalingObservation, terms: Terms): Step | undefined {
  const { group, cloudFailure } = observed;
  if (isOld(group, terms) && !cloudFailure) return { effect: { kind: "look" } };
  if (!group) return concluded(observed, unknownGroup, { terms });
  const scene: Scene = { observed, group, capacity: capacityOf(observed, group, terms), terms };
  const decision = isBlank(observed, terms) ? unlabelled : decide(observed, scene, terms);
  const isBlind = cloudFailure !== undefined;
  return (
    tidied(scene) ??
    (isBlind ? undefined : (advanced(scene) ?? opened(decision, scene))) ??
    concluded(observed, decision, scene)
  );
}

function isOld(group: SeenGroup | undefined, { limits }: Terms): boolean {
  return !group || group.ageMs > (limits.isDryRun ? dryRunLookMs : idleLookMs);
}

/** Puts right what needs nothing of the cloud. */
function tidied({ observed, group, terms }: Scene): Step | undefined {
  const stray = strayNode(observed);
  if (stray) return { effect: stray };
  const known = withUnjoined(observed, group, terms);
  return known && { save: known };
}

/** The next step of the first command that has one. */
function advanced(scene: Scene): Step | undefined {
  for (const command of activeCommands(scene.observed.state)) {
    const step = nextStepOf(command, scene);
    if (step) return step;
  }
  return undefined;
}

/** In a dry run, nodes that are not there are not asked for. */
function isBlank({ nodes }: ScalingObservation, { limits }: Terms): boolean {
  return limits.isDryRun && nodes.length === 0;
}

const unknownGroup: Decision = {
  kind: "keep",
  reason: "GroupUnknown",
  message: "The cloud has not told yet what the group is like.",
};

const unlabelled: Decision = {
  kind: "keep",
  reason: "Settled",
  message: `No node has the label ${runtimeRole.key}=${runtimeRole.value}.`,
};

/** A node that was cordoned for a command that nobody remembers. */
function strayNode({ nodes, state }: ScalingObservation): Effect | undefined {
  const ids = new Set(activeCommands(state).map(({ id }) => id));
  const node = nodes.find(({ emptiedFor }) => emptiedFor !== undefined && !ids.has(emptiedFor));
  return node && { kind: "uncordon", node };
}

/** The state with the machines that are no nodes as they are now; undefined when it has them so. */
function withUnjoined(
  { nodes, state }: ScalingObservation,
  { instances }: SeenGroup,
  { nowMs }: Terms,
): ScalingState | undefined {
  const joined = new Set(nodes.filter(isJoined).map(({ instanceId }) => instanceId));
  const missing = instances.filter(({ id, phase }) => phase === "running" && !joined.has(id));
  const unjoined = Object.fromEntries(missing.map(({ id }) => [id, state.unjoined[id] ?? nowMs]));
  const isSame = [...Object.keys(state.unjoined), ...Object.keys(unjoined)].every(
    (id) => state.unjoined[id] === unjoined[id],
  );
  return isSame ? undefined : { ...state, unjoined };
}

function isJoined({ outlook }: ScalingNode): boolean {
  return outlook !== "silent";
}

/** The step that writes down what was decided; undefined when there is nothing to write. */
function opened(decision: Decision, scene: Scene): Step | undefined {
  switch (decision.kind) {
    case "up":
      return open(scene, [scaleUpOf(decision, scene)]);
    case "down":
      return open(
        scene,
        decision.victims.map((victim, index) => scaleDownOf(victim, index, scene)),
      );
    case "revoke":
      return revoked(decision.commands, decision.reason, scene);
    case "keep":
      return undefined;
  }
}

/** In a dry run a command ends as it begins, and one that would be the same as the last is not opened again. */
function open({ observed, terms }: Scene, commands: readonly Command[]): Step | undefined {
  const { nowMs, limits } = terms;
  const { state, template } = observed;
  if (limits.isDryRun && isRepetition(commands, state)) return undefined;
  const final = commands.map((one) => (limits.isDryRun ? ended(one, "dry_run", nowMs) : one));
  const opened = final.reduce(withCommand, {
    ...state,
    ...(template && { template }),
    sequence: state.sequence + commands.length,
    lastActionAt: nowMs,
  });
  const reason = limits.isDryRun ? "DryRun" : "Opened";
  const events = final.map((one): HistoryEvent => ({ at: nowMs, reason, message: describe(one) }));
  return { save: opened, events };
}

function isRepetition(commands: readonly Command[], { commands: before }: ScalingState): boolean {
  const aimOf = (one: Command): string =>
    JSON.stringify([one.operation, one.from, one.target, one.operation === "scale_down" && one.instanceId]);
  const last = before.slice(-commands.length).map(aimOf);
  return last.length > 0 && commands.map(aimOf).join() === last.join();
}

function describe(command: Command): string {
  const aim =
    command.operation === "scale_up"
      ? `from ${command.from} to ${counted(command.target, "node")}`
      : `without machine ${command.instanceId}, to ${counted(command.target, "node")}`;
  return `${command.id}: ${aim}. ${command.reason}`;
}

function scaleUpOf({ target, reason }: { target: number; reason: string }, scene: Scene): ScaleUp {
  const id = idOf("scale-up", scene, 1);
  return {
    ...common(scene, reason),
    id,
    operation: "scale_up",
    phase: "requested",
    from: scene.group.desired,
    target,
  };
}

function scaleDownOf({ instanceId, node, reason }: Victim, index: number, scene: Scene): ScaleDown {
  const from = scene.group.desired - index;
  return {
    ...common(scene, reason),
    id: idOf("scale-down", scene, index + 1),
    operation: "scale_down",
    phase: "emptying",
    from,
    target: from - 1,
    instanceId,
    ...(node && { node }),
  };
}

function idOf(operation: string, { observed }: Scene, offset: number): string {
  return `${operation}-${observed.state.sequence + offset}`;
}

function common(
  { observed, terms }: Scene,
  reason: string,
): Pick<Command, "group" | "openedAt" | "reason" | "attempts"> {
  return { group: observed.groupId, openedAt: terms.nowMs, reason, attempts: 0 };
}

function revoked(commands: readonly ScaleDown[], reason: string, { observed, terms }: Scene): Step {
  const restoring = commands.map((one): ScaleDown => ({ ...one, phase: "restoring", outcome: "cancelled" }));
  const events = commands.map(({ id }): HistoryEvent => ({
    at: terms.nowMs,
    reason: "Revoked",
    message: `${id}: called off. ${reason}`,
  }));
  return { save: restoring.reduce(withCommand, observed.state), events };
}

/** The step that brings the condition up to date; undefined when it is. Only a new reason is news. */
function concluded(observed: ScalingObservation, decision: Decision, parts: Concluding): Step | undefined {
  const { state } = observed;
  const next = conditionOf(observed, decision, parts);
  const { condition } = state;
  if (condition?.reason === next.reason && condition.status === next.status) return undefined;
  const { reason, message } = next;
  return { save: { ...state, condition: next }, events: [{ at: parts.terms.nowMs, reason, message }] };
}
