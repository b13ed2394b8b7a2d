import { type Context, controller, type Controller } from "@datalayer/shared/controller/controller";
import { settled } from "@datalayer/shared/controller/outcome";
import { carries } from "@datalayer/shared/kube/intent";
import { EndpointSlice, type Pod, Service } from "@datalayer/shared/kube/kinds";
import { keyOf, type Manifest } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { podNameOf } from "@datalayer/shared/runtime/names";
import type { ClusterAddresses } from "../route/addresses.ts";
import { routeOf } from "../route/names.ts";
import { buildSlices, isNamedBy } from "./endpoints.ts";
import { parsePodTarget, type PodTarget } from "./pod-target.ts";

const byPods = "pod-target";

/** The indexes of a cache of Services: by the Pods behind those of ours. */
export const serviceIndexes = {
  [byPods]: (service: Service): string[] => {
    const target = routeOf(service) && parsePodTarget(service);
    return target ? [indexKeyOf(service.metadata.namespace, nameIn(target))] : [];
  },
};

/** What the controller of endpoints reads. */
export interface PodTargetsOptions {
  /** With `serviceIndexes`. */
  services: ObjectReader<Service>;
  endpointSlices: ObjectReader<EndpointSlice>;
  pods: ObjectReader<Pod>;
  /** Addresses that stand for something of the cluster: no Pod of a Route has them. */
  cluster: () => ClusterAddresses;
}

/**
 * Keeps the EndpointSlices of pod targets. It stands apart from the Routes, so that an address is withdrawn at once,
 * however many Routes there are to look at: it follows the Pods, and needs nothing but its Service and them.
 */
export function podTargetsController(options: PodTargetsOptions): Controller {
  const { services, endpointSlices, pods } = options;
  const podTargets = controller({
    name: "pod-targets",
    for: Service,
    informer: services,
    selects: (service) => routeOf(service) !== undefined && parsePodTarget(service) !== undefined,
    reportsStatus: false,
    workers: 8,
    watches: [{ informer: endpointSlices, keys: serviceOfSlice }],
    reconcile: async (service, context) => {
      const target = parsePodTarget(service);
      if (target) await carryOut(service, gather(service, target, options), options, context);
      return { outcome: settled() };
    },
  });
  pods.onChange(({ object, previous }) => {
    for (const service of servicesOf(object, previous, services))
      podTargets.enqueue(service.metadata, { priority: "user" });
  });
  return podTargets;
}

function gather(
  service: Service,
  target: PodTarget,
  { pods, cluster }: PodTargetsOptions,
): Manifest<EndpointSlice>[] {
  const { namespace } = service.metadata;
  const name = nameIn(target);
  const named = name === undefined ? pods.list(namespace) : [pods.get({ namespace, name })];
  const candidates = named.flatMap((pod) => pod ?? []);
  return buildSlices(service, { target, pods: candidates, cluster: cluster() });
}

async function carryOut(
  { metadata: { uid, namespace, name } }: Service,
  desired: readonly Manifest<EndpointSlice>[],
  { endpointSlices }: PodTargetsOptions,
  { kube }: Context,
): Promise<void> {
  for (const slice of desired) {
    const existing = endpointSlices.get(slice.metadata);
    if (existing && carries(existing, slice)) continue;
    // A slice of a Service that had the name before goes with that one.
    if (existing && !existing.metadata.ownerReferences?.some((owner) => owner.uid === uid)) {
      await kube.delete(EndpointSlice, existing.metadata, { uid: existing.metadata.uid });
      endpointSlices.recordDelete(existing.metadata, existing.metadata.uid);
    }
    endpointSlices.recordWrite(await kube.apply(EndpointSlice, slice));
  }
  const extra = endpointSlices.get({ namespace, name: `${name}-6` });
  if (!extra || desired.some((slice) => slice.metadata.name === extra.metadata.name)) return;
  await kube.delete(EndpointSlice, extra.metadata, { uid: extra.metadata.uid });
  endpointSlices.recordDelete(extra.metadata, extra.metadata.uid);
}

/** The Services of ours that name a Pod, as it is or as it was. */
function servicesOf(pod: Pod, previous: Pod | undefined, services: ObjectReader<Service>): Service[] {
  const { namespace, name } = pod.metadata;
  const bySelector = services.byIndex(byPods, indexKeyOf(namespace, undefined)).filter((service) => {
    const target = parsePodTarget(service);
    return target && (isNamedBy(target, pod) || (previous !== undefined && isNamedBy(target, previous)));
  });
  return [...services.byIndex(byPods, indexKeyOf(namespace, name)), ...bySelector];
}

function serviceOfSlice({ metadata: { namespace, labels } }: EndpointSlice): string[] {
  const name = labels?.["kubernetes.io/service-name"];
  return name === undefined ? [] : [keyOf({ namespace, name })];
}

/** The only Pod that a target can mean; undefined when its labels decide. */
function nameIn(target: PodTarget): string | undefined {
  if ("pod" in target) return target.pod;
  return "runtime" in target ? podNameOf(target.runtime.ulid) : undefined;
}

function indexKeyOf(namespace: string | undefined, podName: string | undefined): string {
  return `${namespace ?? ""}/${podName ?? "*"}`;
}
