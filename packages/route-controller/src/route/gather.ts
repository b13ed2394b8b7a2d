import type { Certificate } from "@datalayer/shared/crds/cert-manager";
import type { Route } from "@datalayer/shared/crds/route";
import type { RouteClass } from "@datalayer/shared/crds/route-class";
import type { EndpointSlice, Pod, Service } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { certificateNameOf } from "../certificates/certificate.ts";
import { parsePodTarget, podServiceNameOf, type PodTarget, podTargetOf } from "../pod-targets/pod-target.ts";
import type { ClusterAddresses } from "./addresses.ts";
import { classNameOf, refusalOf } from "./class-policy.ts";
import { type Claimant, claimantOf } from "./conflicts.ts";
import { foreignClaimants, type ForeignReader } from "./foreign-claims.ts";
import { type MadeKind, madeOf } from "./made-objects.ts";
import { claimKeyOf, claimsOf } from "./matching.ts";
import { routeOf } from "./names.ts";
import type { RouteObservation, Translate } from "./observation.ts";
import type { FoundPods } from "./references.ts";
import { podReferencesOf, serviceReferencesOf } from "./resolve.ts";
import { routesClaiming, routesSharing } from "./route-index.ts";

/** What Routes are decided from. */
export interface RouteSources {
  /** With `routeIndexes`. */
  routes: ObjectReader<Route>;
  routeClasses: ObjectReader<RouteClass>;
  services: ObjectReader<Service>;
  /** With `sliceIndexes`. */
  endpointSlices: ObjectReader<EndpointSlice>;
  pods: ObjectReader<Pod>;
  certificates: ObjectReader<Certificate> & { readonly isServed: boolean };
  /** Addresses that stand for something of the cluster. */
  cluster: () => ClusterAddresses;
  madeKinds: readonly MadeKind[];
  /** What can be in the way of Routes, beside other Routes. */
  foreign: readonly ForeignReader[];
  /** How objects of Routes of a class are made at present. */
  translateFor: (routeClass: RouteClass) => Translate;
}

const byService = "service";

/** The index of a cache of EndpointSlices. */
export const sliceIndexes = {
  [byService]: ({ metadata: { namespace, labels } }: EndpointSlice): string[] => {
    const name = labels?.["kubernetes.io/service-name"];
    return name === undefined ? [] : [`${namespace ?? ""}/${name}`];
  },
};

/** Reads from the caches all that decides on a Route. */
export function gather(route: Route, sources: RouteSources): RouteObservation {
  const { namespace, uid } = route.metadata;
  const routeClass = sources.routeClasses.get({ name: classNameOf(route) });
  const references = routeClass ? serviceReferencesOf(route, routeClass) : [];
  const find = (name: string): { service: Service | undefined; slices: EndpointSlice[] } => ({
    service: sources.services.get({ namespace, name }),
    slices: sources.endpointSlices.byIndex(byService, `${namespace ?? ""}/${name}`),
  });
  return {
    route,
    routeClass,
    cluster: sources.cluster(),
    claimants: claimantsOf(route, routeClass, sources),
    sharers: routesSharing(sources.routes, route).filter(rivalryWith(route, routeClass, sources)),
    services: references.map((reference) => ({ ...reference, ...find(reference.name) })),
    pods: podReferencesOf(route).map(({ field, rule, target }) => {
      const full = { ...target, protocol: target.protocol ?? "http" };
      const found = find(podServiceNameOf(route, full));
      return {
        field,
        rule,
        target: full,
        ...found,
        ...podsOf(route, full, { found: found.service, sources }),
      };
    }),
    translate: routeClass && sources.translateFor(routeClass),
    hasCertManager: sources.certificates.isServed,
    certificate: sources.certificates.get({ namespace, name: certificateNameOf(route) }),
    made: madeOf(uid, sources.madeKinds),
  };
}

/** A Pod that is named is the one that had the name first: whoever takes the name later takes no requests. */
function podsOf(
  route: Route,
  target: FoundPods["target"],
  { found, sources }: { found: Service | undefined; sources: RouteSources },
): Pick<FoundPods, "pods" | "current"> {
  const pods = podTargetOf(target) as PodTarget;
  if (!("pod" in pods)) return { pods };
  const current = sources.pods.get({ namespace: route.metadata.namespace, name: pods.pod });
  const uid = firstUidOf(route, found) ?? (isStaying(current) ? current.metadata.uid : undefined);
  return { pods: { ...pods, ...(uid !== undefined && { uid }) }, ...(current && { current }) };
}

/** The uid that the Service of a target was made with. */
function firstUidOf(route: Route, service: Service | undefined): string | undefined {
  const before = service && routeOf(service)?.uid === route.metadata.uid && parsePodTarget(service);
  return before && "pod" in before ? before.uid : undefined;
}

function isStaying(pod: Pod | undefined): pod is Pod {
  return pod !== undefined && pod.metadata.deletionTimestamp === undefined;
}

function claimantsOf(
  route: Route,
  routeClass: RouteClass | undefined,
  sources: RouteSources,
): Map<string, Claimant[]> {
  const keys = new Set(routeClass && claimsOf(route).map(claimKeyOf));
  const isRival = rivalryWith(route, routeClass, sources);
  const rivalsFor = (key: string): Claimant[] => [
    ...routesClaiming(sources.routes, key)
      .filter(isRival)
      .map((rival) => claimantOf(rival, key)),
    ...(routeClass ? foreignClaimants(key, routeClass, sources.foreign) : []),
  ];
  return new Map([...keys].map((key) => [key, rivalsFor(key)]));
}

/** Whether another Route can be in the way: it is of the same data plane, and its class takes it. */
function rivalryWith(
  route: Route,
  routeClass: RouteClass | undefined,
  sources: RouteSources,
): (other: Route) => boolean {
  const cluster = sources.cluster();
  return (other) => {
    if (other.metadata.uid === route.metadata.uid || other.metadata.deletionTimestamp) return false;
    const itsClass = sources.routeClasses.get({ name: classNameOf(other) });
    const isNear = itsClass && routeClass && dataPlaneOf(itsClass) === dataPlaneOf(routeClass);
    return isNear === true && !refusalOf(other, itsClass, { cluster });
  };
}

/** Two classes can be of one data plane: their Routes meet there. */
function dataPlaneOf({ spec: { backend = "traefik", traefik, gateway } }: RouteClass): string {
  return JSON.stringify([backend, traefik?.ingressClass ?? "", gateway?.namespace, gateway?.name]);
}
