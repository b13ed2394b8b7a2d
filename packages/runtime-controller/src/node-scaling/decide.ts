import { fitsIn, multiplied, sumOf } from "./amounts.ts";
import { type Capacity, freeOf, type Terms } from "./capacity.ts";
import { isRevocable, type ScaleDown } from "./command.ts";
import { counted } from "./counted.ts";
import { firstFit } from "./first-fit.ts";
import type { ScalingNode, ScalingObservation, SeenGroup } from "./observation.ts";
import { runtimeRole } from "./node-role.ts";
import { activeCommands, type ScalingReason } from "./state.ts";

/** A machine to remove, and why. */
export interface Victim {
  readonly instanceId: string;
  readonly node?: { readonly name: string; readonly uid: string };
  readonly reason: string;
}

/** What strategy `simple` wants to be done. */
export type Decision =
  | { readonly kind: "up"; readonly target: number; readonly reason: string }
  | { readonly kind: "down"; readonly victims: readonly Victim[] }
  | { readonly kind: "revoke"; readonly commands: readonly ScaleDown[]; readonly reason: string }
  | { readonly kind: "keep"; readonly reason: ScalingReason; readonly message: string };

const longestCooldownMs = 600_000;

/** The bounds of the group: those of the settings, within those of the cloud. */
function boundsOf(group: SeenGroup, { limits }: Terms): { least: number; most: number } {
  return { least: Math.max(limits.minNodes, group.min), most: Math.min(limits.maxNodes, group.max) };
}

/**
 * Decides by strategy `simple`: nodes are added for what waits and for the headroom, as many as that takes; they are
 * removed one after the other while nothing waits and much more than the headroom stays free.
 */
export function decide(
  observed: ScalingObservation,
  { group, capacity }: { group: SeenGroup; capacity: Capacity },
  terms: Terms,
): Decision {
  const scales: Scales = { group, capacity, ...boundsOf(group, terms) };
  const isPressed = capacity.pressure >= terms.limits.upThreshold;
  const wanted = Math.max(isPressed ? capacity.asked + capacity.missing : 0, scales.least);
  const isShort = wanted > capacity.asked;
  const revocable = revocableOf(observed);
  const areNeeded = isShort || (isPressed && observed.waiting.loads.length > 0);
  if (areNeeded && revocable.length > 0) return revoke(revocable, capacity);
  if (isShort) return increase(observed, scales, { wanted, terms });
  if (capacity.unused) return unusedNode(capacity.unused);
  return decrease(observed, scales, terms) ?? rest(observed, capacity);
}

/** What is weighed against each other. */
interface Scales {
  readonly group: SeenGroup;
  readonly capacity: Capacity;
  readonly least: number;
  readonly most: number;
}

/** Commands whose nodes would take Pods at once, were they called off. */
function revocableOf({ state, nodes }: ScalingObservation): ScaleDown[] {
  const emptying = new Set(nodes.filter(({ outlook }) => outlook === "emptying").map(({ uid }) => uid));
  return activeCommands(state)
    .filter(isRevocable)
    .filter(({ node }) => node && emptying.has(node.uid));
}

function increase(
  observed: ScalingObservation,
  scales: Scales,
  { wanted, terms }: { wanted: number; terms: Terms },
): Decision {
  const { most, capacity } = scales;
  const { asked, pressure } = capacity;
  const target = Math.min(wanted, most);
  const want = `${counted(wanted, "node")} wanted (${describePressure(observed, pressure)})`;
  if (target <= asked) {
    const message = `${want}, and there may be no more than ${most}.`;
    // What is lost makes room for another one.
    return decrease(observed, scales, terms) ?? { kind: "keep", reason: "AtMaximum", message };
  }
  const waitMs = cooldownLeftMs(observed, terms);
  if (waitMs > 0) return cooling(want, waitMs);
  return { kind: "up", target, reason: `${want}, and ${asked} asked for so far.` };
}

function describePressure({ waiting }: ScalingObservation, pressure: number): string {
  const waits = waiting.loads.length;
  const headroom = pressure > waits ? ["the headroom is short"] : [];
  const runtimes =
    waits > 0 ? [`${waits} ${waits === 1 ? "runtime waits" : "runtimes wait"} for a node`] : [];
  return [...runtimes, ...headroom].join(", ") || "that is the least";
}

function revoke(commands: readonly ScaleDown[], { pressure }: Capacity): Decision {
  return { kind: "revoke", commands, reason: `The node is needed after all: the pressure is ${pressure}.` };
}

function unusedNode({ name, isForRuntimes }: ScalingNode): Decision {
  const why = isForRuntimes
    ? "stands empty while runtimes wait that would fit on it, so another node would be no use: see why the scheduler keeps them off it"
    : `is of the group and lacks the label ${runtimeRole.key}=${runtimeRole.value}, so another node would be no use: have new nodes labelled`;
  return { kind: "keep", reason: "NodeNotUsed", message: `Node ${name} ${why}.` };
}

/** The least time between two decisions; longer after each command that was given up. */
export function cooldownLeftMs({ state }: ScalingObservation, { limits, nowMs }: Terms): number {
  const { lastActionAt, failuresInRow } = state;
  if (lastActionAt === undefined) return 0;
  const grown = limits.cooldownMs * 2 ** Math.min(failuresInRow, 20);
  return lastActionAt + Math.min(grown, Math.max(limits.cooldownMs, longestCooldownMs)) - nowMs;
}

function cooling(what: string, waitMs: number): Decision {
  const message = `${what}; the next decision comes in ${Math.ceil(waitMs / 1000)} s.`;
  return { kind: "keep", reason: "CoolingDown", message };
}

/** Undefined when there is nothing to remove. */
function decrease(observed: ScalingObservation, scales: Scales, terms: Terms): Decision | undefined {
  const { group, least } = scales;
  const downs = activeCommands(observed.state).filter((one) => one.operation === "scale_down");
  // One that waits for users keeps no other node from going.
  const moving = downs.filter(({ node }) => !isHeld(node?.uid, observed));
  const unsaid = downs.filter(({ phase }) => phase === "emptying").length;
  const room = Math.min(terms.limits.downMaxStep - moving.length, group.desired - unsaid - least);
  const victims = victimsOf(observed, scales, terms).slice(0, Math.max(0, room));
  if (victims.length === 0) return undefined;
  const waitMs = cooldownLeftMs(observed, terms);
  return waitMs > 0
    ? cooling(`${counted(victims.length, "node")} to be removed`, waitMs)
    : { kind: "down", victims };
}

/** Whether users have runtimes on the node. */
function isHeld(uid: string | undefined, { nodes }: ScalingObservation): boolean {
  return nodes.some((node) => node.uid === uid && node.assigned.length > 0);
}

/** Machines that are no use come first, then idle nodes as far as enough stays free without them. */
function victimsOf(observed: ScalingObservation, { capacity, group }: Scales, terms: Terms): Victim[] {
  const taken = new Set(
    activeCommands(observed.state).flatMap((one) => (one.operation === "scale_down" ? [one.instanceId] : [])),
  );
  const lost = capacity.lost.filter((id) => !taken.has(id)).flatMap((id) => lostVictim(id, observed));
  const isBusy =
    capacity.pressure > terms.limits.downThreshold ||
    group.desired < capacity.asked ||
    observed.waiting.isPlacing;
  if (isBusy || capacity.coming > 0) return lost;
  return [
    ...lost,
    ...idleVictims(
      observed,
      capacity.ready.filter(({ instanceId = "" }) => !taken.has(instanceId)),
      terms,
    ),
  ];
}

function lostVictim(instanceId: string, { nodes }: ScalingObservation): Victim[] {
  const node = nodes.find((one) => one.instanceId === instanceId);
  if (node && (node.isKept || node.assigned.length > 0)) return [];
  const reason = node
    ? `Node ${node.name} has not been ready for too long.`
    : `Machine ${instanceId} has not become a node that is ready.`;
  return [{ instanceId, ...(node && { node: { name: node.name, uid: node.uid } }), reason }];
}

/** Each is judged as if those before it were gone. */
function idleVictims(observed: ScalingObservation, ready: readonly ScalingNode[], terms: Terms): Victim[] {
  const victims: Victim[] = [];
  let staying = ready.filter(({ outlook, isForRuntimes }) => isForRuntimes && outlook === "staying");
  for (const node of ready.filter(isRemovable).toSorted(emptiestFirst)) {
    const others = staying.filter((other) => other !== node);
    if (!isEnoughWithout(node, others, observed, terms)) continue;
    staying = others;
    const { name, uid, instanceId = "" } = node;
    const moves =
      node.warm.length > 0 ? `its warm runtimes (${node.warm.length}) fit elsewhere` : "it is empty";
    const reason = `Node ${name} is not needed: ${moves}, and nobody has a runtime there.`;
    victims.push({ instanceId, node: { name, uid }, reason });
  }
  return victims;
}

function isRemovable({ isForRuntimes, isKept, assigned, outlook }: ScalingNode): boolean {
  return isForRuntimes && !isKept && assigned.length === 0 && outlook !== "silent" && outlook !== "emptying";
}

/** One that takes no Pods anyway is the first to go. */
function emptiestFirst(a: ScalingNode, b: ScalingNode): number {
  const stays = ({ outlook }: ScalingNode): number => (outlook === "staying" ? 1 : 0);
  return stays(a) - stays(b) || a.warm.length - b.warm.length || (a.name < b.name ? -1 : 1);
}

function isEnoughWithout(
  node: ScalingNode,
  others: readonly ScalingNode[],
  { hasDemand }: ScalingObservation,
  { limits }: Terms,
): boolean {
  const { left, free } = firstFit(node.warm, others.map(freeOf));
  if (left.length > 0) return false;
  return !hasDemand || fitsIn(multiplied(limits.headroom, limits.downHeadroomMultiplier), sumOf(free));
}

function rest({ waiting }: ScalingObservation, { asked, pressure, coming }: Capacity): Decision {
  const [pool, ...more] = waiting.misfits;
  if (pool !== undefined && pressure === 0) {
    const others = more.length > 0 ? ` and of ${more.length} other pools` : "";
    const message = `Runtimes of pool ${pool}${others} fit on no node of this group, whatever its size.`;
    return { kind: "keep", reason: "NoNodeFits", message };
  }
  if (coming > 0)
    return {
      kind: "keep",
      reason: "ScalingUp",
      message: `${coming} of ${counted(asked, "node")} on the way.`,
    };
  return { kind: "keep", reason: "Settled", message: `Enough: ${counted(asked, "node")}.` };
}
