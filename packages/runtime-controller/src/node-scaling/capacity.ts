import { type Amounts, fitsIn, less, sumOf } from "./amounts.ts";
import { firstFit, nodesFor } from "./first-fit.ts";
import type { ScalingLimits } from "./limits.ts";
import type { ScalingNode, ScalingObservation, SeenGroup } from "./observation.ts";
import { activeCommands } from "./state.ts";

/** For so long after it became ready, the scheduler may still be filling a node. */
const fillingMs = 30_000;

/** What the group has, and what it lacks. */
export interface Capacity {
  /** Machines that are nodes and ready, whether or not they take Pods. */
  readonly ready: readonly ScalingNode[];
  /** Machines that never became nodes, or fell silent long ago. */
  readonly lost: readonly string[];
  /** The size that has been asked for. */
  readonly asked: number;
  /** Machines that are asked for and are no node yet; those that are lost count no more. */
  readonly coming: number;
  /** Runtimes that wait for a node, and one more where the headroom is short. */
  readonly pressure: number;
  /** Nodes to add. */
  readonly missing: number;
  /** A node that takes none of the runtimes that wait, and would have room: another one like it is no use either. */
  readonly unused: ScalingNode | undefined;
}

/** What a decision is made with beside what is observed. */
export interface Terms {
  readonly limits: ScalingLimits;
  readonly nowMs: number;
}

/** Weighs what waits for a node against what the group has and has been asked for. */
export function capacityOf(observed: ScalingObservation, group: SeenGroup, terms: Terms): Capacity {
  const ready = readyNodes(observed, group);
  const lost = lostInstances(observed, group, terms);
  const asked = Math.max(group.desired, ...activeCommands(observed.state).map(sizeAskedBy));
  const coming = Math.max(0, asked - ready.length - lost.length);
  const { loads, sinceMs } = observed.waiting;
  const usable = ready.filter(({ outlook, isForRuntimes }) => isForRuntimes && outlook === "staying");
  const isStuck = terms.nowMs - (sinceMs ?? terms.nowMs) >= fillingMs;
  const unused = isStuck ? ready.find((node) => isUnused(node, loads, terms.nowMs)) : undefined;
  const wants = wantsOf(observed, { usable, coming, loads: unused ? [] : loads }, terms);
  const pressure = loads.length + (wants.isShort ? 1 : 0);
  return { ready, lost, asked, coming, pressure, missing: wants.nodes, unused };
}

/** What is free on a node beside its runtimes. Pods that are no runtimes are not known. */
export function freeOf({ allocatable, warm, assigned }: ScalingNode): Amounts {
  return less(allocatable, sumOf([...warm, ...assigned]));
}

function isEmpty({ warm, assigned }: ScalingNode): boolean {
  return warm.length === 0 && assigned.length === 0;
}

function isUnused(node: ScalingNode, loads: readonly Amounts[], nowMs: number): boolean {
  if (node.outlook !== "staying" || nowMs - node.sinceMs < fillingMs) return false;
  return (!node.isForRuntimes || isEmpty(node)) && loads.some((load) => fitsIn(load, node.allocatable));
}

function readyNodes({ nodes }: ScalingObservation, group: SeenGroup): ScalingNode[] {
  const running = new Set(group.instances.filter(({ phase }) => phase === "running").map(({ id }) => id));
  return nodes.filter(
    ({ instanceId, outlook }) => outlook !== "silent" && instanceId !== undefined && running.has(instanceId),
  );
}

/** Machines that have been no ready node for too long; the longest first. */
function lostInstances(
  { state }: ScalingObservation,
  group: SeenGroup,
  { limits, nowMs }: Terms,
): readonly string[] {
  const running = group.instances.filter(({ phase }) => phase === "running").map(({ id }) => id);
  const since = (id: string): number => state.unjoined[id] ?? nowMs;
  return running
    .filter((id) => nowMs - since(id) > limits.joinMs)
    .toSorted((a, b) => since(a) - since(b) || (a < b ? -1 : 1));
}

/** A size that the cloud has not been seen to have yet. */
function sizeAskedBy(command: ReturnType<typeof activeCommands>[number]): number {
  return command.operation === "scale_up" && command.phase === "requested" ? command.target : 0;
}

interface Wants {
  readonly nodes: number;
  /** Less is free than the headroom. */
  readonly isShort: boolean;
}

interface Supply {
  readonly usable: readonly ScalingNode[];
  readonly coming: number;
  readonly loads: readonly Amounts[];
}

function wantsOf(observed: ScalingObservation, supply: Supply, terms: Terms): Wants {
  const size = observed.template?.allocatable;
  if (size) return wantsBySize(observed, size, supply, terms);
  // Of a first node nothing is known; it shows how many more are needed.
  const isShort = observed.hasDemand && supply.coming === 0 && !fitsIn(terms.limits.headroom, {});
  const isWanted = supply.coming === 0 && (supply.loads.length > 0 || isShort);
  return { nodes: isWanted ? 1 : 0, isShort };
}

/**
 * What waits is put on the nodes that come first, and on those that have only just come: the scheduler may not have
 * got round to them. On other nodes it has found no place for it, whatever seems to be free there.
 */
function wantsBySize(
  { hasDemand }: ScalingObservation,
  size: Amounts,
  { usable, coming, loads }: Supply,
  { limits, nowMs }: Terms,
): Wants {
  const isFilling = (node: ScalingNode): boolean => isEmpty(node) || nowMs - node.sinceMs < fillingMs;
  const rooms = [...usable.filter(isFilling).map(freeOf), ...Array.from({ length: coming }, () => size)];
  const { left, free } = firstFit(loads, rooms);
  const added = nodesFor(left, size);
  const spare = sumOf([...usable.filter((node) => !isFilling(node)).map(freeOf), ...free, ...added.free]);
  if (!hasDemand || fitsIn(limits.headroom, spare)) return { nodes: added.count, isShort: false };
  return { nodes: added.count + nodesCovering(less(limits.headroom, spare), size), isShort: true };
}

/** How many empty nodes have at least so much together; what a node has none of is not asked of it. */
function nodesCovering(amounts: Amounts, size: Amounts): number {
  const counts = Object.entries(amounts).map(([name, amount]) => {
    const each = size[name] ?? 0;
    return amount > 0 && each > 0 ? Math.ceil(amount / each) : 0;
  });
  return Math.max(0, ...counts);
}
