import type { Node } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { Runtime } from "../runtime/runtime.ts";
import { type NodeOutlook, outlookOf } from "./node-outlook.ts";

/**
 * A node that the cache does not hold may be newer than it. A Pod that is older than this has been on it long enough
 * for the cache to know it.
 */
const newNodeMs = 30_000;

/** What is to be expected of the nodes that runtimes are on. Each version of a node is judged once. */
export class NodeOutlooks {
  readonly #nodes: Pick<ObjectReader<Node>, "get">;
  readonly #judged = new WeakMap<Node, NodeOutlook>();

  constructor(nodes: Pick<ObjectReader<Node>, "get">) {
    this.#nodes = nodes;
  }

  /** The outlook of the runtime's node; one that has no node yet stays where it will be. */
  ofRuntime({ pod }: Runtime, nowMs: number): NodeOutlook {
    const name = pod.spec?.nodeName;
    if (name === undefined) return { kind: "staying" };
    const node = this.#nodes.get({ name });
    if (node) return this.#of(node);
    const ageMs = nowMs - Date.parse(pod.metadata.creationTimestamp);
    return ageMs < newNodeMs ? { kind: "staying" } : { kind: "silent", because: "it is gone" };
  }

  #of(node: Node): NodeOutlook {
    const known = this.#judged.get(node);
    if (known) return known;
    const outlook = outlookOf(node);
    this.#judged.set(node, outlook);
    return outlook;
  }
}
