import { isIP } from "node:net";
import { EndpointSlice, type Pod, Service } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import { podNameOf, poolAnnotation, poolLabel } from "@datalayer/shared/runtime/names";
import { addressFault, type ClusterAddresses } from "../route/addresses.ts";
import { managedBy } from "../route/names.ts";
import { type PodTarget, targetPort } from "./pod-target.ts";

type Endpoint = NonNullable<EndpointSlice["endpoints"]>[number];

/** An EndpointSlice cannot hold more. */
const mostEndpoints = 1000;
const families = ["IPv4", "IPv6"] as const;

/** Whether a Pod is one of those that a target names. */
export function isNamedBy(target: PodTarget, { metadata }: Pod): boolean {
  const { name, uid, labels = {}, annotations = {} } = metadata;
  if ("pod" in target) return name === target.pod && uid === target.uid;
  if ("selector" in target)
    return Object.entries(target.selector).every(([key, value]) => labels[key] === value);
  const pool = annotations[poolAnnotation] ?? labels[poolLabel];
  return name === podNameOf(target.runtime.ulid) && pool === target.runtime.pool;
}

/**
 * The EndpointSlices of a Service of ours: one for each family of addresses that its Pods have, the one for IPv4
 * always. A Pod that is ready is in it; one that is being deleted is, too, and takes nothing new; no other is.
 *
 * @param pods - of the namespace of the Service.
 */
export function buildSlices(
  service: Service,
  { target, pods, cluster }: { target: PodTarget; pods: readonly Pod[]; cluster: ClusterAddresses },
): Manifest<EndpointSlice>[] {
  const endpoints = pods
    .filter((pod) => isNamedBy(target, pod))
    .toSorted((one, other) => (one.metadata.name < other.metadata.name ? -1 : 1))
    .flatMap((pod) => endpointOf(pod, cluster) ?? []);
  return families.flatMap((family, index) => {
    const ofFamily = endpoints.filter(({ addresses: [address = ""] }) => isIP(address) === (index ? 6 : 4));
    return index === 0 || ofFamily.length > 0
      ? [buildSlice(service, family, ofFamily.slice(0, mostEndpoints))]
      : [];
  });
}

function buildSlice(
  { metadata, spec }: Service,
  addressType: (typeof families)[number],
  endpoints: Endpoint[],
): Manifest<EndpointSlice> {
  const { name, namespace, uid } = metadata;
  const [port] = spec?.ports ?? [];
  return {
    apiVersion: EndpointSlice.apiVersion,
    kind: EndpointSlice.kind,
    metadata: {
      name: addressType === "IPv4" ? name : `${name}-6`,
      namespace,
      labels: {
        [managedBy.label]: managedBy.value,
        "kubernetes.io/service-name": name,
        "endpointslice.kubernetes.io/managed-by": managedBy.value,
      },
      ownerReferences: [{ apiVersion: Service.apiVersion, kind: Service.kind, name, uid, controller: true }],
    },
    addressType,
    endpoints,
    // Traefik takes the port whose name is that of the Service's port, and needs it said.
    ports: [
      {
        name: targetPort,
        port: port?.port,
        protocol: "TCP",
        ...(port?.appProtocol !== undefined && { appProtocol: port.appProtocol }),
      },
    ],
  };
}

function endpointOf(pod: Pod, cluster: ClusterAddresses): Endpoint | undefined {
  const { podIP = "" } = pod.status ?? {};
  const isTerminating = pod.metadata.deletionTimestamp !== undefined;
  if (!(isReady(pod) || isTerminating) || hasEnded(pod)) return undefined;
  // The address of a Pod in the network of its node is that of the node, and of all that listens there.
  if (pod.spec?.hostNetwork === true || addressFault(podIP, cluster) !== undefined) return undefined;
  const { namespace, name, uid } = pod.metadata;
  return {
    addresses: [podIP],
    // Said even where it is the default: Traefik's Gateway provider takes nothing else for ready.
    conditions: { ready: !isTerminating, serving: !isTerminating, terminating: isTerminating },
    targetRef: { kind: "Pod", namespace, name, uid },
  };
}

function isReady({ status }: Pod): boolean {
  return status?.conditions?.some((one) => one.type === "Ready" && one.status === "True") === true;
}

function hasEnded({ status }: Pod): boolean {
  return status?.phase === "Failed" || status?.phase === "Succeeded";
}
