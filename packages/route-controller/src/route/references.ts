import { routeReason, type RouteReason, type RouteTarget } from "@datalayer/shared/crds/route";
import type { EndpointSlice, Pod, Service } from "@datalayer/shared/kube/kinds";
import type { PodTarget } from "../pod-targets/pod-target.ts";
import { addressFault, type ClusterAddresses } from "./addresses.ts";

/** A Service that a Route names, as it was found. */
export interface FoundService {
  /** The field with its name: `spec.rules[0].targets[1].service.name`. */
  field: string;
  /** The field with its port. */
  portField: string;
  name: string;
  port: number;
  /** Index of the rule, of a target that gets requests of it; absent of every other Service. */
  rule?: number;
  /** Undefined when there is none. */
  service?: Service;
  slices: readonly EndpointSlice[];
}

/** Pods that a Route names, as they were found. */
export interface FoundPods {
  /** `spec.rules[0].targets[1].pod`. */
  field: string;
  /** Index of the rule. */
  rule: number;
  target: RouteTarget & { protocol: string };
  /** Whom the Service is for: with the uid of the Pod that the Route began with. */
  pods: PodTarget;
  /** The Service of ours; undefined before it was made. */
  service?: Service;
  /** The slices of that Service. */
  slices: readonly EndpointSlice[];
  /** The Pod that has the name now, of a target that names one. */
  current?: Pod;
}

/** Why a reference cannot be followed. */
export interface ReferenceFault {
  /**
   * `missing`: may come. `forbidden`: nothing may be sent there. `unready`: Pods that take no requests yet. `empty`: all
   * is there, and behind it nobody takes requests.
   */
  kind: "missing" | "forbidden" | "unready" | "empty";
  message: string;
}

const reasons: Readonly<Record<ReferenceFault["kind"], RouteReason>> = {
  missing: routeReason.refNotFound,
  forbidden: routeReason.refNotPermitted,
  unready: routeReason.noReadyPods,
  empty: routeReason.noEndpoints,
};

/** The reason of conditions that a fault is behind. */
export function reasonOf({ kind }: ReferenceFault): RouteReason {
  return reasons[kind];
}

/** Whether all is there, and only nobody takes requests yet, or any more. */
export function isUnready({ kind }: ReferenceFault): boolean {
  return kind === "unready" || kind === "empty";
}

/** What is wrong with a Service that a Route names; undefined when nothing is. */
export function serviceFaultOf(
  { field, portField, name, port, service, slices }: FoundService,
  cluster: ClusterAddresses,
): ReferenceFault | undefined {
  if (!service)
    return {
      kind: "missing",
      message: `${field}: there is no Service "${name}" in the namespace of the Route.`,
    };
  const { type, ports = [], externalName = "" } = service.spec ?? {};
  if (type === "ExternalName")
    return {
      kind: "forbidden",
      message: `${field}: Service "${name}" is of type ExternalName (${JSON.stringify(externalName)}), which could lead anywhere; expected a Service with endpoints.`,
    };
  const fault = slicesFaultOf(slices, cluster);
  if (fault !== undefined)
    return { kind: "forbidden", message: `${field}: Service "${name}" has the endpoint ${fault}.` };
  if (!ports.some((one) => one.port === port && (one.protocol ?? "TCP") === "TCP"))
    return {
      kind: "missing",
      message: `${portField}: Service "${name}" has no TCP port ${port}, only ${ports.map((one) => one.port).join(", ") || "none"}.`,
    };
  return undefined;
}

/** The first endpoint of these slices that nothing may be sent to, and why, as the end of a sentence. */
export function slicesFaultOf(
  slices: readonly EndpointSlice[],
  cluster: ClusterAddresses,
): string | undefined {
  for (const slice of slices) {
    for (const endpoint of slice.endpoints ?? []) {
      const fault = endpointFault(endpoint, slice, cluster);
      if (fault !== undefined) return fault;
    }
  }
  return undefined;
}

type Endpoint = NonNullable<EndpointSlice["endpoints"]>[number];

function endpointFault(
  { addresses, targetRef }: Endpoint,
  { addressType, metadata: { namespace } }: EndpointSlice,
  cluster: ClusterAddresses,
): string | undefined {
  for (const address of addresses) {
    const fault =
      addressType === "FQDN"
        ? "is a name, not an address"
        : (addressFault(address, cluster) ?? bearerFault(targetRef, namespace));
    if (fault !== undefined) return `${JSON.stringify(address)}, which ${fault}`;
  }
  return undefined;
}

/** Whoever writes a slice by hand may say so, or leave it out: then an address is all that is known. */
function bearerFault(bearer: Endpoint["targetRef"], namespace: string | undefined): string | undefined {
  if (bearer?.kind === "Node") return `is of Node "${bearer.name ?? ""}"`;
  const ofNamespace = bearer?.namespace ?? namespace;
  return ofNamespace === namespace
    ? undefined
    : `is in namespace ${ofNamespace}, and the Service in ${namespace}`;
}

/** What is wrong with Pods that a Route names; undefined when one of them is ready. */
export function podsFaultOf(
  { field, pods, slices, current }: FoundPods,
  cluster: ClusterAddresses,
): ReferenceFault | undefined {
  const isReady = slices.some(({ endpoints }) =>
    endpoints?.some(({ conditions }) => conditions?.ready === true),
  );
  if (isReady) return undefined;
  return { kind: "unready", message: `${field}: ${unreadiness(pods, current, cluster)}.` };
}

function unreadiness(pods: PodTarget, current: Pod | undefined, cluster: ClusterAddresses): string {
  if ("selector" in pods) return "no Pod with these labels is ready";
  if ("runtime" in pods)
    return `runtime "${pods.runtime.ulid}" of pool "${pods.runtime.pool}" has no ready Pod`;
  if (!current) return `there is no Pod "${pods.pod}" in the namespace of the Route`;
  if (pods.uid !== undefined && current.metadata.uid !== pods.uid)
    return `Pod "${pods.pod}" is another one than that which the Route began with; make a new Route for it, or use selector`;
  if (current.spec?.hostNetwork === true)
    return `Pod "${pods.pod}" uses the network of its node, whose address would lead to all that listens there`;
  return unreadinessOf(current, cluster);
}

function unreadinessOf({ metadata, status }: Pod, cluster: ClusterAddresses): string {
  const { podIP } = status ?? {};
  const fault = podIP === undefined ? undefined : addressFault(podIP, cluster);
  return fault === undefined
    ? `Pod "${metadata.name}" is not ready`
    : `Pod "${metadata.name}" has the address ${podIP}, which ${fault}`;
}
