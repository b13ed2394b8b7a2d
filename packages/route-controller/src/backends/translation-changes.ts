import type { Gateway, GatewayClass } from "@datalayer/shared/crds/gateway-api";
import type { RouteClass } from "@datalayer/shared/crds/route-class";
import type { KubeObject } from "@datalayer/shared/kube/object";
import type { Change } from "@datalayer/shared/kube/object-cache";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { BackendSources } from "./translate-for.ts";

/** A cache of a kind that may come to be served. */
interface ServedKind {
  onServed(handler: () => void): void;
}

/** What `translateFor` depends on, beside the class itself. */
export interface TranslationSources extends BackendSources {
  routeClasses: ObjectReader<RouteClass>;
  ingressRoutes: BackendSources["ingressRoutes"] & ServedKind;
  httpRoutes: BackendSources["httpRoutes"] & ServedKind;
}

/**
 * Calls the handler with each class whose Routes may be translated in another way than before, though the class is the
 * same. That a Gateway counts the routes that it has changes nothing.
 */
export function onTranslationChange(
  { routeClasses, gateways, gatewayClasses, ingressRoutes, httpRoutes }: TranslationSources,
  handler: (routeClass: RouteClass) => void,
): void {
  const tell = (isConcerned: (routeClass: RouteClass) => boolean): void => {
    for (const routeClass of routeClasses.list()) if (isConcerned(routeClass)) handler(routeClass);
  };
  gateways.onChange((change) => {
    if (isOther(change, gatewayParts)) tell((routeClass) => isOf(routeClass, change.object));
  });
  gatewayClasses.onChange((change) => {
    if (!isOther(change, classParts)) return;
    const { name } = change.object.metadata;
    const ofClass = gateways.list().filter(({ spec }) => spec.gatewayClassName === name);
    tell((routeClass) => ofClass.some((gateway) => isOf(routeClass, gateway)));
  });
  for (const kind of [ingressRoutes, httpRoutes]) kind.onServed(() => tell(() => true));
}

function isOf({ spec: { backend, gateway } }: RouteClass, { metadata }: Gateway): boolean {
  if (backend !== "gateway-api" || !gateway) return false;
  return gateway.namespace === metadata.namespace && gateway.name === metadata.name;
}

function gatewayParts({ spec }: Gateway): unknown {
  return spec;
}

function classParts({ spec, status }: GatewayClass): unknown {
  return [spec, status?.supportedFeatures];
}

function isOther<T extends KubeObject>(
  { type, object, previous }: Change<T>,
  partsOf: (object: T) => unknown,
): boolean {
  return (
    type !== "modified" || !previous || JSON.stringify(partsOf(object)) !== JSON.stringify(partsOf(previous))
  );
}
