import type { Route } from "@datalayer/shared/crds/route";
import type { EndpointSlice, Service } from "@datalayer/shared/kube/kinds";
import { keyOf } from "@datalayer/shared/kube/object";
import type { Change } from "@datalayer/shared/kube/object-cache";
import { isOfReadiness } from "./endpoints.ts";
import type { RouteSources } from "./gather.ts";
import { routeOf } from "./names.ts";
import { slicesFaultOf } from "./references.ts";
import { routesNamingService, routesToGateway } from "./route-index.ts";

/** The keys of the Routes that a Service concerns: it was made of one, or is named by them. */
export function keysOfService(service: Service, sources: RouteSources): string[] {
  const owner = routeOf(service);
  const { namespace, name } = service.metadata;
  return owner ? [keyOf({ namespace, name: owner.name })] : keysUsing({ namespace, name }, sources);
}

/**
 * The keys of the Routes that a change of a slice concerns. Of the endpoints of others it matters only whether one is
 * ready, and whether nothing may be sent there.
 */
export function keysOfSliceChange(change: Change<EndpointSlice>, sources: RouteSources): string[] {
  const states = change.previous ? [change.previous, change.object] : [change.object];
  const isForeign = isOfReadiness(change) || slicesFaultOf(states, sources.cluster()) !== undefined;
  const keys = states.flatMap(({ metadata: { namespace, labels } }) => {
    const name = labels?.["kubernetes.io/service-name"];
    if (name === undefined) return [];
    const service = sources.services.get({ namespace, name });
    const owner = service && routeOf(service);
    if (owner) return [keyOf({ namespace, name: owner.name })];
    return isForeign ? keysUsing({ namespace, name }, sources) : [];
  });
  return [...new Set(keys)];
}

/** The keys of the Routes whose requests go to a Service: they name it, or it is the runtime gateway of their class. */
function keysUsing(
  { namespace, name }: { namespace: string | undefined; name: string },
  { routes, routeClasses }: RouteSources,
): string[] {
  const classes = routeClasses.list().filter(({ spec }) => spec.runtimeGateway?.service.name === name);
  const byClass = classes.flatMap(({ metadata }) =>
    routesToGateway(routes, { namespace, name: metadata.name }),
  );
  return keysOf([...routesNamingService(routes, { namespace, name }), ...byClass]);
}

/** Their keys. */
export function keysOf(routes: readonly Route[]): string[] {
  return routes.map(({ metadata }) => keyOf(metadata));
}
