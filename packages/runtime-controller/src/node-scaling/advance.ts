import type { Capacity, Terms } from "./capacity.ts";
import { type Command, type CommandFailure, ended, type ScaleDown, type ScaleUp } from "./command.ts";
import { counted } from "./counted.ts";
import { callLimitMs, type CloudError, lateArrivalMs } from "./executor.ts";
import type { ScalingNode, ScalingObservation, SeenGroup } from "./observation.ts";
import { type HistoryEvent, type ScalingState, withCommand, withDeadLetter } from "./state.ts";

/** Something to do in the cloud or to a node. Doing it twice changes nothing more. */
export type Effect =
  | { readonly kind: "look" }
  | { readonly kind: "cordon"; readonly node: ScalingNode; readonly commandId: string }
  | { readonly kind: "uncordon"; readonly node: ScalingNode }
  | { readonly kind: "forget_node"; readonly node: ScalingNode }
  | { readonly kind: "raise"; readonly command: ScaleUp }
  | { readonly kind: "remove"; readonly command: ScaleDown };

/** One step: what is to be remembered is written first, then the effect is carried out. */
export interface Step {
  readonly save?: ScalingState;
  readonly events?: readonly HistoryEvent[];
  readonly effect?: Effect;
}

/** A group is asked for again before anything rests on what is older. */
const freshMs = 2_000;
/** How often the cloud is asked how far it has come. */
const lookAgainMs = 15_000;
/** Whoever goes on after a crash does not know when the call ended, only when it was written down. */
const attemptMs = callLimitMs + lateArrivalMs;

/** The scheduler may put a Pod on a node for so long after that was cordoned: it has not heard of it yet. */
const settlingMs = 10_000;

const notJoined: CommandFailure = {
  reason: "NodesDoNotJoin",
  message: "The machines have not become nodes in time.",
};
const unanswered: CommandFailure = { reason: "CloudUnclear", message: "No attempt was answered." };

/** What a command is judged with. */
export interface Scene {
  readonly observed: ScalingObservation;
  readonly group: SeenGroup;
  readonly capacity: Capacity;
  readonly terms: Terms;
}

/** The next step of a command; undefined while it waits. */
export function nextStepOf(command: Command, scene: Scene): Step | undefined {
  if (command.group !== scene.observed.groupId && command.phase !== "restoring")
    return calledOff(command, scene);
  if (command.operation === "scale_up") return stepOfScaleUp(command, scene);
  switch (command.phase) {
    case "emptying":
      return stepOfEmptying(command, scene);
    case "terminating":
      return stepOfTerminating(command, scene);
    case "restoring":
      return stepOfRestoring(command, scene);
    case "ended":
      return undefined;
  }
}

/** The state in which a command is as given, with what is told of it. */
function recorded(state: ScalingState, command: Command, event: HistoryEvent): Step {
  return { save: withCommand(state, command), events: [event] };
}

/** The group is scaled no more: the settings have changed. Of its machines nothing is known here. */
function calledOff(command: Command, { observed, terms }: Scene): Step {
  const message = `${command.id}: called off, because ${command.group} is not scaled any more.`;
  const event = { at: terms.nowMs, reason: "Revoked", message };
  if (command.operation === "scale_down" && command.phase === "emptying")
    return recorded(observed.state, { ...command, phase: "restoring", outcome: "cancelled" }, event);
  return recorded(observed.state, ended(command, "cancelled", terms.nowMs), event);
}

function stepOfScaleUp(command: ScaleUp, scene: Scene): Step | undefined {
  const { observed, group, capacity, terms } = scene;
  const { state } = observed;
  const { nowMs, limits } = terms;
  if (command.phase === "provisioning") {
    const { acceptedAt = nowMs } = command;
    if (capacity.ready.length >= Math.min(command.target, group.desired)) return succeeded(command, scene);
    if (nowMs - acceptedAt > limits.joinMs) return givenUp(command, scene, notJoined);
    return group.ageMs > lookAgainMs ? { effect: { kind: "look" } } : undefined;
  }
  if (nowMs < (command.notBefore ?? 0)) return undefined;
  if (group.ageMs > freshMs) return { effect: { kind: "look" } };
  if (group.desired >= command.target) {
    const message = `${command.id}: the group has size ${group.desired}.`;
    const accepted: ScaleUp = { ...command, phase: "provisioning", acceptedAt: nowMs };
    return recorded(state, accepted, { at: nowMs, reason: "Accepted", message });
  }
  return called(command, scene, (counted) => ({ kind: "raise", command: counted }));
}

function stepOfEmptying(command: ScaleDown, scene: Scene): Step | undefined {
  const node = nodeOf(command, scene.observed);
  return node
    ? (stepOfCordon(command, node, scene) ?? ifEmptied(command, node, scene))
    : stepOfRemoval(command, scene);
}

/** Undefined once the node is known to take no new Pods. */
function stepOfCordon(command: ScaleDown, node: ScalingNode, { observed, terms }: Scene): Step | undefined {
  if (node.emptiedFor !== command.id) return { effect: { kind: "cordon", node, commandId: command.id } };
  if (command.cordonedAt !== undefined) return undefined;
  return { save: withCommand(observed.state, { ...command, cordonedAt: terms.nowMs }) };
}

function ifEmptied(command: ScaleDown, node: ScalingNode, scene: Scene): Step | undefined {
  return isEmptied(node, command, scene.terms) ? stepOfRemoval(command, scene) : undefined;
}

function stepOfRemoval(command: ScaleDown, scene: Scene): Step | undefined {
  const { observed, group, terms } = scene;
  if (terms.nowMs < (command.notBefore ?? 0)) return undefined;
  if (group.ageMs > freshMs) return { effect: { kind: "look" } };
  if (!isRunning(command, group)) {
    const message = `${command.id}: machine ${command.instanceId} leaves the group.`;
    const accepted: ScaleDown = { ...command, phase: "terminating", acceptedAt: terms.nowMs };
    return recorded(observed.state, accepted, { at: terms.nowMs, reason: "Accepted", message });
  }
  return called(command, scene, (counted) => ({ kind: "remove", command: counted }));
}

function isEmptied(
  { warm, assigned }: ScalingNode,
  { cordonedAt = Infinity }: ScaleDown,
  { nowMs }: Terms,
): boolean {
  return warm.length + assigned.length === 0 && nowMs - cordonedAt >= settlingMs;
}

function stepOfTerminating(command: ScaleDown, scene: Scene): Step | undefined {
  const { observed, group } = scene;
  const isThere = group.instances.some(({ id }) => id === command.instanceId);
  if (isThere) return group.ageMs > lookAgainMs ? { effect: { kind: "look" } } : undefined;
  const node = nodeOf(command, observed);
  if (!node) return succeeded(command, scene);
  // Its machine is gone for good only if the cloud has just said so.
  if (group.ageMs > freshMs) return { effect: { kind: "look" } };
  return { effect: { kind: "forget_node", node } };
}

function stepOfRestoring(command: ScaleDown, { observed, terms }: Scene): Step {
  const node = nodeOf(command, observed);
  if (node?.emptiedFor === command.id) return { effect: { kind: "uncordon", node } };
  const outcome = command.outcome ?? "cancelled";
  const message = `${command.id}: ${outcome}; the machine stays.`;
  const event = { at: terms.nowMs, reason: "Ended", message };
  return recorded(observed.state, ended(command, outcome, terms.nowMs), event);
}

/** Counts the attempt before it is made, so that no crash makes it forgotten. */
function called<C extends Command>(command: C, scene: Scene, effectOf: (counted: C) => Effect): Step {
  const { observed, terms } = scene;
  const { nowMs, limits } = terms;
  if (command.attempts > limits.maxRedeliveries) {
    return givenUp(command, scene, command.failure ?? unanswered);
  }
  const attempts = command.attempts + 1;
  const counted = { ...command, attempts, notBefore: nowMs + Math.max(attemptMs, limits.retryDelayMs) };
  return { save: withCommand(observed.state, counted), effect: effectOf(counted) };
}

/** The command is over without effect: what it did to a node is undone. */
function givenUp(
  command: Command,
  { observed, terms }: Pick<Scene, "observed" | "terms">,
  failure: CommandFailure,
): Step {
  const { nowMs } = terms;
  const message = `${command.id}: given up after ${counted(command.attempts, "attempt")}: ${failure.message}`;
  const over: Command =
    command.operation === "scale_up"
      ? { ...ended(command, "failed", nowMs), failure }
      : { ...command, phase: "restoring", outcome: "failed", failure };
  const state = withDeadLetter(withCommand(observed.state, over), { ...over, endedAt: nowMs });
  // The longer pause after a failure begins with the failure.
  return { save: { ...state, lastActionAt: nowMs }, events: [{ at: nowMs, reason: "GivenUp", message }] };
}

function succeeded(command: Command, { observed, group, terms }: Scene): Step {
  const message = `${command.id}: done; the group has size ${group.desired}.`;
  const isRemedied = observed.state.deadLetters.at(-1)?.operation === command.operation;
  const state = { ...observed.state, ...(isRemedied && { failuresInRow: 0 }) };
  const over = ended(command, "succeeded", terms.nowMs);
  return recorded(state, over, { at: terms.nowMs, reason: "Ended", message });
}

function nodeOf({ node }: ScaleDown, { nodes }: ScalingObservation): ScalingNode | undefined {
  return nodes.find(({ uid }) => uid === node?.uid);
}

function isRunning({ instanceId }: ScaleDown, { instances }: SeenGroup): boolean {
  return instances.some(({ id, phase }) => id === instanceId && phase === "running");
}

/** What comes of a call that the cloud has taken, or has failed. */
export function afterCall(
  command: Command,
  failure: CloudError | undefined,
  { observed, terms }: Pick<Scene, "observed" | "terms">,
): Step {
  const { state } = observed;
  const { nowMs } = terms;
  if (!failure) {
    const done = { notBefore: undefined, failure: undefined, acceptedAt: nowMs };
    const accepted: Command =
      command.operation === "scale_up"
        ? { ...command, ...done, phase: "provisioning" }
        : { ...command, ...done, phase: "terminating" };
    return recorded(state, accepted, {
      at: nowMs,
      reason: "Accepted",
      message: `${command.id}: the cloud has taken it.`,
    });
  }
  const { reason, message } = failure;
  const failed: Command = {
    ...command,
    failure: { reason, message },
    notBefore: nextAttemptAt(command, failure, terms),
  };
  if (reason === "CloudRefused") return givenUp(failed, { observed, terms }, { reason, message });
  return recorded(state, failed, {
    at: nowMs,
    reason,
    message: `${command.id}: attempt ${command.attempts}: ${message}`,
  });
}

/** When a command whose call has failed may be tried again, in epoch milliseconds. */
function nextAttemptAt(
  { notBefore = 0 }: Command,
  { reason, retryAfterMs = 0 }: CloudError,
  { limits, nowMs }: Terms,
): number {
  const pausedUntil = nowMs + Math.max(limits.retryDelayMs, retryAfterMs);
  return reason === "CloudUnclear" ? Math.max(pausedUntil, notBefore, nowMs + lateArrivalMs) : pausedUntil;
}
