import type { Route } from "@datalayer/shared/crds/route";
import { keyOf } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { classNameOf } from "./class-policy.ts";
import { asksForCertificates, connectionKeysOf } from "./connections.ts";
import { claimKeyOf, claimsOf } from "./matching.ts";
import { isPool } from "./resolve.ts";

const byClass = "class";
const byClaim = "claim";
const byConnection = "connection";
const byCertificates = "certificates";
const byService = "service";
const byPod = "pod";
const byGateway = "gateway";

/** The indexes of a cache of Routes. */
export const routeIndexes = {
  [byClass]: (route: Route): string[] => [classNameOf(route)],
  [byClaim]: (route: Route): string[] => [...new Set(claimsOf(route).map(claimKeyOf))],
  [byConnection]: connectionKeysOf,
  [byCertificates]: (route: Route): string[] => (asksForCertificates(route) ? connectionKeysOf(route) : []),
  [byService]: (route: Route): string[] => refsOf(route, serviceNamesIn(route)),
  [byPod]: (route: Route): string[] => refsOf(route, podNamesIn(route)),
  [byGateway]: (route: Route): string[] => (hasPool(route) ? refsOf(route, [classNameOf(route)]) : []),
};

type Routes = Pick<ObjectReader<Route>, "byIndex">;
type Ref = { namespace?: string | undefined; name: string };

/** The Routes of a class. */
export function routesOfClass(routes: Routes, className: string): Route[] {
  return routes.byIndex(byClass, className);
}

/** The Routes that ask for what this key stands for; see `claimKeyOf`. */
export function routesClaiming(routes: Routes, claimKey: string): Route[] {
  return routes.byIndex(byClaim, claimKey);
}

/** The Routes with which one might not be able to share connections: few, or none. */
export function routesSharing(routes: Routes, route: Route): Route[] {
  const index = asksForCertificates(route) ? byConnection : byCertificates;
  const found = connectionKeysOf(route).flatMap((key) => routes.byIndex(index, key));
  return [...new Set(found)].filter(({ metadata }) => metadata.uid !== route.metadata.uid);
}

/** The Routes that name a Service themselves. */
export function routesNamingService(routes: Routes, service: Ref): Route[] {
  return routes.byIndex(byService, keyOf(service));
}

/** The Routes that name a Pod. */
export function routesNamingPod(routes: Routes, pod: Ref): Route[] {
  return routes.byIndex(byPod, keyOf(pod));
}

/** The Routes of a namespace whose requests go to the runtime gateway of a class. */
export function routesToGateway(routes: Routes, byClass: Ref): Route[] {
  return routes.byIndex(byGateway, keyOf(byClass));
}

function refsOf({ metadata: { namespace } }: Route, names: readonly string[]): string[] {
  return [...new Set(names)].map((name) => keyOf({ namespace, name }));
}

function serviceNamesIn({ spec: { rules, auth } }: Route): string[] {
  const ofRules = rules.flatMap(({ targets = [], mirror }) => [
    ...targets.flatMap(({ service }) => service?.name ?? []),
    ...(mirror ? [mirror.service.name] : []),
  ]);
  const { service } = auth.forward ?? {};
  return service ? [...ofRules, service.name] : ofRules;
}

function hasPool({ spec: { rules } }: Route): boolean {
  return rules.some(({ targets = [] }) => targets.some(({ runtime }) => isPool(runtime)));
}

function podNamesIn({ spec: { rules } }: Route): string[] {
  return rules.flatMap(({ targets = [] }) => targets.flatMap(({ pod }) => pod?.name ?? []));
}
