import { Node } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import type { RestClient } from "@datalayer/shared/kube/rest";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";

const kwokAnnotation = "kwok.x-k8s.io/node";

/** A fake node for the Pods of one test: the taint keeps those of other tests away. */
export function kwokNode(name: string, group: string): Manifest<Node> {
  const annotations = { [kwokAnnotation]: "fake" };
  const labels = { group, "kubernetes.io/hostname": name, type: "kwok" };
  const taints = [{ key: "group", value: group, effect: "NoSchedule" }];
  return { apiVersion: "v1", kind: "Node", metadata: { name, annotations, labels }, spec: { taints } };
}

/** The part of a pool's spec that puts its Pods on the nodes of a group. */
export function onGroup(group: string): Pick<RuntimePool["spec"], "nodeSelector" | "tolerations"> {
  return { nodeSelector: { group }, tolerations: [{ key: "group", operator: "Exists" }] };
}

/** Makes a fake node fall silent, as one does whose machine has died. */
export async function silence(admin: RestClient, name: string): Promise<void> {
  // Otherwise kwok would report it ready again.
  await admin.patch(Node, { name }, [
    { op: "remove", path: `/metadata/annotations/${kwokAnnotation.replace("/", "~1")}` },
  ]);
  const { status } = await admin.get(Node, { name });
  const index = (status?.conditions ?? []).findIndex(({ type }) => type === "Ready");
  const path = `/status/conditions/${index}/status`;
  await admin.patch(Node, { name }, [{ op: "replace", path, value: "Unknown" }], { subresource: "status" });
}

/** Makes the cloud announce the end of a fake node by a condition alone: no taint keeps Pods off it. */
export async function announceEnd(admin: RestClient, name: string): Promise<void> {
  const value = { type: "PreemptScheduled", status: "True", reason: "Preempted" };
  await admin.patch(Node, { name }, [{ op: "add", path: "/status/conditions/-", value }], {
    subresource: "status",
  });
}
