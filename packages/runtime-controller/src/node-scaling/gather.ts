import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import type { Node, Pod } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { outlookOf } from "../node-drain/node-outlook.ts";
import { nodePlacementOf } from "../runtime/node-placement.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Runtimes } from "../runtime/runtimes.ts";
import { countRuntimes, sizeOf } from "../runtime-pool/counts.ts";
import { type Amounts, amountsOf, fitsIn } from "./amounts.ts";
import type { Executor } from "./executor.ts";
import { emptyingAnnotation, emptyingCommandOf, keepingAnnotations, runtimeRole } from "./node-role.ts";
import type { NodeTemplate, ScalingNode, ScalingObservation, Waiting } from "./observation.ts";
import { mayRunOn } from "./placement-match.ts";

/** What is read of the cluster. */
export interface GatherOptions {
  nodes: Pick<ObjectReader<Node>, "list">;
  pools: Pick<ObjectReader<RuntimePool>, "get" | "list">;
  runtimes: Runtimes;
  executor: Pick<Executor, "name" | "group" | "instanceOf">;
  /** The namespace of this operator. */
  owner: string;
}

/** What is known of the cloud and of before. */
export type Known = Pick<ScalingObservation, "group" | "cloudFailure" | "state">;

/** Reads the caches. What a Pod asks for is read once. */
export class ScalingGatherer {
  readonly #options: GatherOptions;
  readonly #loads = new WeakMap<Pod, Amounts>();

  constructor(options: GatherOptions) {
    this.#options = options;
  }

  /** What is known now. */
  gather(known: Known): ScalingObservation {
    const { executor, pools } = this.#options;
    const runtimes = this.#options.runtimes.all().filter(({ ended }) => !ended);
    const nodes = this.#nodes(runtimes, known);
    const shapes = this.#shapes(known);
    const living = runtimes.filter(({ terminating }) => !terminating);
    return {
      ...known,
      groupId: `${executor.name}/${executor.group}`,
      nodes,
      template: shapes[0],
      waiting: this.#waiting(living, shapes),
      hasDemand: living.length > 0 || pools.list().some((pool) => sizeOf(pool) > 0),
    };
  }

  #nodes(runtimes: readonly Runtime[], known: Known): ScalingNode[] {
    const byNode = Map.groupBy(runtimes, ({ pod }) => pod.spec?.nodeName ?? "");
    return this.#relevant(known)
      .map((node) => this.#nodeOf(node, byNode.get(node.metadata.name) ?? []))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Nodes that take runtimes, and those of the group. */
  #relevant({ group }: Known): Node[] {
    const ids = new Set(group?.instances.map(({ id }) => id));
    return this.#options.nodes
      .list()
      .filter((node) => isForRuntimes(node) || ids.has(this.#instanceOf(node) ?? ""));
  }

  #instanceOf({ metadata, spec }: Node): string | undefined {
    return this.#options.executor.instanceOf({ name: metadata.name, providerId: spec?.providerID });
  }

  #nodeOf(node: Node, runtimes: readonly Runtime[]): ScalingNode {
    const { metadata, status } = node;
    const { annotations = {}, name, uid, creationTimestamp } = metadata;
    const ready = status?.conditions?.find(({ type }) => type === "Ready");
    const loads = (of: readonly Runtime[]): Amounts[] => of.map((runtime) => this.#loadOf(runtime));
    return {
      name,
      uid,
      isForRuntimes: isForRuntimes(node),
      instanceId: this.#instanceOf(node),
      outlook: ready ? outlookOf(node).kind : "silent",
      emptiedFor: emptyingCommandOf(annotations[emptyingAnnotation], this.#options.owner),
      isKept: keepingAnnotations.some((key) => annotations[key] === "true"),
      sinceMs: Date.parse(ready?.lastTransitionTime ?? creationTimestamp),
      allocatable: amountsOf(status?.allocatable),
      warm: loads(runtimes.filter((runtime) => !isAssigned(runtime))),
      assigned: loads(runtimes.filter(isAssigned)),
    };
  }

  /** What nodes of the group are like, the newest first: the next one will be like that. */
  #shapes(known: Known): NodeTemplate[] {
    const ids = new Set(known.group?.instances.map(({ id }) => id));
    const shapes = this.#options.nodes
      .list()
      .filter((node) => isForRuntimes(node) && ids.has(this.#instanceOf(node) ?? ""))
      .sort((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? 1 : -1))
      .flatMap(shapeOf);
    return shapes.length === 0 && known.state.template ? [known.state.template] : shapes;
  }

  #waiting(runtimes: readonly Runtime[], shapes: readonly NodeTemplate[]): Waiting {
    const byPool = Map.groupBy(
      runtimes.filter(isUnschedulable),
      ({ namespace, pool }) => `${namespace}/${pool}`,
    );
    const loads: Amounts[] = [];
    const misfits: string[] = [];
    const since: number[] = [];
    for (const [key, waiting] of [...byPool].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const fitting = waiting.filter((runtime) => this.#fits(runtime, shapes));
      if (fitting.length < waiting.length) misfits.push(key);
      const [first] = fitting;
      if (!first) continue;
      const each = fitting.map((runtime) => this.#loadOf(runtime));
      loads.push(...each, ...Array.from({ length: this.#unmet(first, runtimes) }, () => this.#loadOf(first)));
      since.push(...fitting.map(waitingSinceMs));
    }
    const sinceMs = since.length > 0 ? Math.min(...since) : undefined;
    return { loads, sinceMs, isPlacing: runtimes.some(isUnplaced), misfits };
  }

  /** Whether it could run on a node that is like one of these; on one that nobody knows it may. */
  #fits(runtime: Runtime, shapes: readonly NodeTemplate[]): boolean {
    const pool = this.#options.pools.get({ namespace: runtime.namespace, name: runtime.pool });
    const placement = pool ? nodePlacementOf(pool.spec) : {};
    const load = this.#loadOf(runtime);
    const takesIt = (shape: NodeTemplate): boolean =>
      mayRunOn(placement, shape) && fitsIn(load, shape.allocatable);
    return shapes.length === 0 || shapes.some(takesIt);
  }

  /** Runtimes of its pool that are still to be created: where one finds no node, they will not either. */
  #unmet({ namespace, pool: name }: Runtime, runtimes: readonly Runtime[]): number {
    const pool = this.#options.pools.get({ namespace, name });
    if (!pool) return 0;
    const own = runtimes.filter((runtime) => runtime.namespace === namespace && runtime.pool === name);
    const { desired, available, pending } = countRuntimes(pool, own);
    return Math.max(0, desired - available - pending);
  }

  #loadOf({ pod }: Runtime): Amounts {
    const known = this.#loads.get(pod);
    if (known) return known;
    const load = { ...amountsOf(pod.spec?.resources?.requests), pods: 1 };
    this.#loads.set(pod, load);
    return load;
  }
}

function shapeOf({ metadata, spec, status }: Node): NodeTemplate[] {
  if (!status?.allocatable) return [];
  const taints = (spec?.taints ?? []).map(({ key, value, effect }) => ({
    key,
    ...(value !== undefined && { value }),
    effect,
  }));
  return [{ labels: metadata.labels ?? {}, taints, allocatable: amountsOf(status.allocatable) }];
}

function isForRuntimes({ metadata }: Node): boolean {
  return metadata.labels?.[runtimeRole.key] === runtimeRole.value;
}

/** A user has it; one that was created for its user has an assignment from the start. */
function isAssigned({ state, assignment }: Runtime): boolean {
  return assignment !== undefined || state === "assigned" || state === "paused";
}

function isUnschedulable({ pod }: Runtime): boolean {
  const scheduled = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
  return pod.spec?.nodeName === undefined && scheduled?.reason === "Unschedulable";
}

function isUnplaced(runtime: Runtime): boolean {
  return runtime.pod.spec?.nodeName === undefined && !isUnschedulable(runtime);
}

function waitingSinceMs({ pod, createdAtMs }: Runtime): number {
  const scheduled = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
  return scheduled?.lastTransitionTime ? Date.parse(scheduled.lastTransitionTime) : createdAtMs;
}
