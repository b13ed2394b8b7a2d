import { EndpointSlice, type Pod, Service } from "@datalayer/shared/kube/kinds";
import { keyOf } from "@datalayer/shared/kube/object";
import type { RestClient } from "@datalayer/shared/kube/rest";

/** Writes the endpoints of Services with a selector: their own controller knows no Pods without a node. */
export async function writeEndpoints(
  admin: RestClient,
  namespace: string,
  { pods, written }: { pods: readonly Pod[]; written: Map<string, string> },
): Promise<void> {
  const { items } = await admin.list(Service, { namespace });
  for (const service of items.filter(({ spec }) => spec?.selector)) {
    const manifest = sliceOf(service, pods);
    const text = JSON.stringify([service.metadata.uid, manifest]);
    if (written.get(keyOf(service.metadata)) === text) continue;
    await admin.apply(EndpointSlice, manifest);
    written.set(keyOf(service.metadata), text);
  }
}

function sliceOf({ metadata, spec }: Service, pods: readonly Pod[]) {
  const selected = pods.filter((pod) =>
    Object.entries(spec?.selector ?? {}).every(([key, value]) => pod.metadata.labels?.[key] === value),
  );
  const { namespace = "", name, uid } = metadata;
  return {
    apiVersion: EndpointSlice.apiVersion,
    kind: EndpointSlice.kind,
    metadata: {
      namespace,
      name: `${name}-conformance`,
      labels: { "kubernetes.io/service-name": name },
      ownerReferences: [{ apiVersion: "v1", kind: "Service", name, uid }],
    },
    addressType: "IPv4",
    ports: (spec?.ports ?? []).map(({ name: port = "", targetPort, port: number }) => ({
      name: port,
      protocol: "TCP",
      port: typeof targetPort === "number" ? targetPort : number,
    })),
    endpoints: selected.flatMap(({ metadata: pod, status }) =>
      status?.podIP
        ? [
            {
              addresses: [status.podIP],
              conditions: { ready: true },
              targetRef: { kind: "Pod", namespace, name: pod.name, uid: pod.uid },
            },
          ]
        : [],
    ),
  };
}
