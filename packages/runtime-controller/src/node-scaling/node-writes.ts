import { ApiError } from "@datalayer/shared/kube/api-error";
import { type JsonPatchOperation, pointer } from "@datalayer/shared/kube/json-patch";
import { Node, Pod } from "@datalayer/shared/kube/kinds";
import type { EventSink } from "@datalayer/shared/controller/events";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { runtimeApp } from "@datalayer/shared/runtime/names";
import { label } from "../runtime/names.ts";
import { emptyingAnnotation, emptyingValue } from "./node-role.ts";
import type { ScalingNode } from "./observation.ts";

/** What nodes are written with. */
interface NodeHands {
  kube: RestClient;
  nodes: ObjectReader<Node>;
  events: EventSink;
  /** The namespace of this operator. */
  owner: string;
}

const annotationPath = pointer("metadata", "annotations", emptyingAnnotation);

/** Has the node take no new Pods, and says for which command. */
export async function cordon(node: ScalingNode, commandId: string, hands: NodeHands): Promise<void> {
  const before = hands.nodes.get(node);
  const isMap = before?.metadata.annotations !== undefined;
  const written = await patch(
    node,
    [
      ...(isMap ? [] : [{ op: "add" as const, path: "/metadata/annotations", value: {} }]),
      { op: "add", path: annotationPath, value: emptyingValue(hands.owner, commandId) },
      { op: "add", path: "/spec/unschedulable", value: true },
    ],
    hands,
  );
  tell(
    written,
    { reason: "ScalingDown", note: `It takes no new Pods and is removed once it is empty: ${commandId}.` },
    hands,
  );
}

/** Has the node take Pods again, if it is a command of ours that keeps it from that. */
export async function uncordon(node: ScalingNode, hands: NodeHands): Promise<void> {
  const written = await patch(
    node,
    [
      { op: "test", path: annotationPath, value: emptyingValue(hands.owner, node.emptiedFor ?? "") },
      { op: "remove", path: annotationPath },
      { op: "add", path: "/spec/unschedulable", value: false },
    ],
    hands,
  );
  tell(
    written,
    { reason: "NodeStays", note: `It takes Pods again: ${node.emptiedFor ?? ""} is called off.` },
    hands,
  );
}

/** Deletes the object of a node whose machine is gone. */
export async function forgetNode({ name, uid }: ScalingNode, { kube, nodes }: NodeHands): Promise<void> {
  try {
    await kube.delete(Node, { name }, { uid });
  } catch (error) {
    if (!isOvertaken(error)) throw error;
  }
  nodes.recordDelete({ name }, uid);
}

/** Whether no runtime is on the node, as the API server has it now. */
export async function isVacant(
  node: string,
  namespaces: readonly string[],
  kube: RestClient,
): Promise<boolean> {
  const labelSelector = `${label.app}=${runtimeApp}`;
  const fieldSelector = `spec.nodeName=${node},status.phase!=Failed,status.phase!=Succeeded`;
  const scopes = namespaces.includes("*") ? [{}] : namespaces.map((namespace) => ({ namespace }));
  const lists = await Promise.all(
    scopes.map((scope) => kube.list(Pod, { ...scope, labelSelector, fieldSelector })),
  );
  return lists.every(({ items }) => items.length === 0);
}

/** Undefined when the node is gone, or another one. */
async function patch(
  { name, uid }: ScalingNode,
  operations: JsonPatchOperation[],
  { kube, nodes }: NodeHands,
): Promise<Node | undefined> {
  const isSame: JsonPatchOperation = { op: "test", path: "/metadata/uid", value: uid };
  try {
    const written = await kube.patch(Node, { name }, [isSame, ...operations]);
    nodes.recordWrite(written);
    return written;
  } catch (error) {
    // What it is by now, the watch brings; the next tick looks again.
    if (isOvertaken(error)) return undefined;
    throw error;
  }
}

function tell(node: Node | undefined, said: { reason: string; note: string }, { events }: NodeHands): void {
  if (node) events.record(node, { type: "Normal", action: "Scale", ...said });
}

function isOvertaken(error: unknown): boolean {
  return error instanceof ApiError && (error.isNotFound || error.isConflict || error.isPatchRefused);
}
