import type { Pod } from "@datalayer/shared/kube/kinds";
import type { KubeObject } from "@datalayer/shared/kube/object";
import { findingOf, objectName, readyOf } from "../observe/object-health.ts";
import { isReady, podProblem } from "../observe/pod-problem.ts";
import { isRuntimeOf, referencesOf } from "./relations.ts";
import type { World } from "./world.ts";

/** An object, how it is, and what it is made of. */
export interface TreeNode {
  /** `RuntimePool datalayer-runtimes/python`; of several alike, how many. */
  readonly object: string;
  /** One word; empty where nothing is known. */
  readonly state: string;
  readonly message: string;
  readonly isWell: boolean;
  readonly uid?: string;
  readonly children: readonly TreeNode[];
}

const MAX_DEPTH = 4;
/** More of a kind that are alike are counted. */
const ALIKE_SHOWN = 3;

/** What an object relies on, and what was made of it; pure. */
export function treeOf(object: KubeObject, world: World, nowMs: number): TreeNode {
  return new TreeBuilder(world, nowMs).node(object, 0);
}

class TreeBuilder {
  readonly #world: World;
  readonly #nowMs: number;
  readonly #seen = new Set<string>();

  constructor(world: World, nowMs: number) {
    this.#world = world;
    this.#nowMs = nowMs;
  }

  node(object: KubeObject, depth: number): TreeNode {
    this.#seen.add(object.metadata.uid);
    const children = depth < MAX_DEPTH ? this.#children(object, depth) : [];
    const state = stateOf(object, this.#nowMs);
    return { object: objectName(object), ...state, uid: object.metadata.uid, children };
  }

  #children(object: KubeObject, depth: number): TreeNode[] {
    const named = referencesOf(object).flatMap(({ kind, name }) =>
      this.#reference(object, { kind, name }, depth),
    );
    const made = [...this.#world.ownedBy(object), ...(depth === 0 ? this.#runtimesOf(object) : [])];
    const nodes = made
      .filter(({ metadata }) => !this.#seen.has(metadata.uid))
      .map((one) => this.node(one, depth + 1));
    return [...named, ...alikeCounted(nodes)];
  }

  /** What is named is shown also where it is not there. */
  #reference(from: KubeObject, { kind, name }: { kind: string; name: string }, depth: number): TreeNode[] {
    const found = this.#world.find(kind, name, from.metadata.namespace);
    if (found && this.#seen.has(found.metadata.uid)) return [];
    if (found) return [this.node(found, kind === "RuntimePool" || kind === "Node" ? MAX_DEPTH : depth + 1)];
    const lost = this.#world.hasRead(kind)
      ? { state: "NotFound", message: "there is no such object", isWell: false }
      : unknown;
    return [{ object: `${kind} ${name}`, ...lost, children: [] }];
  }

  /** A runtime that a user has is not owned by its pool any more. */
  #runtimesOf({ kind, metadata }: KubeObject): Pod[] {
    if (kind !== "RuntimePool") return [];
    const pods = this.#world.objects.filter((object): object is Pod => object.kind === "Pod");
    return pods.filter(
      (pod) => pod.metadata.namespace === metadata.namespace && isRuntimeOf(pod, metadata.name),
    );
  }
}

const unknown = { state: "", message: "", isWell: true };

function stateOf(object: KubeObject, nowMs: number): Pick<TreeNode, "state" | "message" | "isWell"> {
  if (object.kind === "Pod") return podState(object);
  if (object.metadata.deletionTimestamp) return { state: "Terminating", message: "", isWell: true };
  const ready = readyOf(object);
  if (!ready) return unknown;
  const finding = findingOf(object, nowMs);
  if (finding) return { state: finding.reason, message: finding.message, isWell: false };
  return { state: ready.status === "True" ? "Ready" : ready.reason, message: "", isWell: true };
}

function podState(pod: Pod): Pick<TreeNode, "state" | "message" | "isWell"> {
  const runtime = pod.metadata.labels?.["runtime-pools.datalayer.io/pod-status"];
  if (pod.metadata.deletionTimestamp) return { state: "Terminating", message: "", isWell: true };
  const problem = podProblem(pod);
  if (problem && !problem.isStarting)
    return { state: problem.reason, message: problem.message, isWell: false };
  return {
    state: runtime ?? (isReady(pod) ? "Ready" : (pod.status?.phase ?? "")),
    message: "",
    isWell: true,
  };
}

function alikeCounted(nodes: readonly TreeNode[]): TreeNode[] {
  const groups = Map.groupBy(nodes, ({ object, state }) => `${object.split(" ")[0] ?? ""} ${state}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first || group.length <= ALIKE_SHOWN) return group;
    const kind = first.object.split(" ")[0] ?? "";
    return [
      {
        ...first,
        object: `${kind} (${group.length}, such as ${first.object.split(" ")[1] ?? ""})`,
        children: [],
      },
    ];
  });
}
