import {
  type Context,
  controller,
  type Controller,
  type Report,
} from "@datalayer/shared/controller/controller";
import { Route } from "@datalayer/shared/crds/route";
import type { RouteClass } from "@datalayer/shared/crds/route-class";
import { keyOf, type KubeObject, refOf } from "@datalayer/shared/kube/object";
import type { Change } from "@datalayer/shared/kube/object-cache";
import { poolAnnotation } from "@datalayer/shared/runtime/names";
import { certificateStateOf } from "../certificates/certificate-condition.ts";
import { type Subject, subjectOf } from "../readiness/subject.ts";
import type { Verdict } from "../readiness/verdict.ts";
import { classNameOf } from "./class-policy.ts";
import { keysOf, keysOfService, keysOfSliceChange } from "./concerned.ts";
import { foreignClaimsOf } from "./foreign-claims.ts";
import { gather, type RouteSources } from "./gather.ts";
import { carryOut } from "./made-objects.ts";
import { type Claim, claimKeyOf, claimsOf } from "./matching.ts";
import { routeOf } from "./names.ts";
import { planRoute, type RoutePlan } from "./plan.ts";
import { isUnready, reasonOf } from "./references.ts";
import { reportRoute } from "./report.ts";
import { routesClaiming, routesNamingPod, routesOfClass, routesSharing } from "./route-index.ts";

/** Looks at the data plane, and asks for a reconcile of a Route when there is something new to say of it. */
export interface DataPlaneObserver {
  /** Looks at a Route from now on, and says what was last seen; undefined when that is nothing yet. */
  observe(subject: Subject): Verdict | undefined;
  /** Looks at a Route no longer, but for what still serves it: it is gone, or nothing is made of it. */
  forget(uid: string): void;
  /** What still serves a Route of which nothing is made any more; undefined when nothing does. */
  leaving(uid: string): Verdict | undefined;
}

/** What the Route controller reads and works with. */
export interface RouteControllerOptions extends RouteSources {
  dataPlane: DataPlaneObserver;
  /** Calls the handler with each class for which `translateFor` may have come to say something else. */
  onTranslationChange: (handler: (routeClass: RouteClass) => void) => void;
}

/**
 * Has the data plane serve every Route that may be served, and says why of the others. What it makes belongs to the
 * Route and goes with it, so that Routes need no finalizer. While those of others keep a deleted Route, nothing is made
 * of it.
 */
export function routeController(options: RouteControllerOptions): Controller {
  const { routes, routeClasses, services, endpointSlices, pods, madeKinds, foreign, dataPlane } = options;
  const routeController = controller({
    name: "route",
    for: Route,
    informer: routes,
    watches: [
      { informer: services, keys: (service) => keysOfService(service, options) },
      { informer: pods, keys: (pod) => keysOf(routesNamingPod(routes, pod.metadata)) },
    ],
    reconcilesDeleting: true,
    reconcile: (route, context) => reconcile(route, options, context),
  });
  const enqueue = (all: Iterable<Route>): void => {
    for (const { metadata } of all) routeController.enqueue(metadata);
  };
  routes.onChange((change) => {
    if (change.type === "deleted") dataPlane.forget(change.object.metadata.uid);
    if (!isOfSpec(change)) return;
    enqueue(rivalsOf(change, options));
    enqueue([change.object, change.previous ?? change.object].flatMap((one) => routesSharing(routes, one)));
  });
  endpointSlices.onChange((change) => {
    for (const key of keysOfSliceChange(change, options)) routeController.enqueue(refOf(key));
  });
  routeClasses.onChange((change) => {
    if (isOfSpec(change)) enqueue(routesOfClass(routes, change.object.metadata.name));
  });
  options.onTranslationChange(({ metadata }) => enqueue(routesOfClass(routes, metadata.name)));
  for (const reader of foreign) {
    reader.onChange((change) => enqueue(claiming(foreignClaimsIn(change), routes)));
  }
  for (const { informer } of madeKinds) {
    informer.onChange(({ object }) => {
      const route = routeOf(object);
      if (route) routeController.enqueue({ namespace: object.metadata.namespace, name: route.name });
    });
    informer.onServed(() => enqueue(routes.list()));
  }
  return routeController;
}

async function reconcile(
  route: Route,
  options: RouteControllerOptions,
  { kube }: Context,
): Promise<Report<Route>> {
  const { madeKinds, dataPlane } = options;
  const observed = gather(route, options);
  const plan = planRoute(observed);
  const made = await carryOut(plan, { uid: route.metadata.uid, kinds: madeKinds, kube });
  const certificate = certificateStateOf(observed);
  return reportRoute(route, { plan, made, certificate, verdict: observe(route, plan, dataPlane) });
}

/** What is tried before anybody can answer is tried too seldom by the time somebody can: it waits for that. */
function observe(
  route: Route,
  { served, faults }: RoutePlan,
  dataPlane: DataPlaneObserver,
): Verdict | undefined {
  if (served) {
    const { resolved, objects, hash } = served;
    const unready = faults.find(isUnready);
    const waitsFor = unready && reasonOf(unready);
    const parts = { className: classNameOf(route), hash, objects, group: groupOf(route), waitsFor };
    return dataPlane.observe(subjectOf(resolved, parts));
  }
  dataPlane.forget(route.metadata.uid);
  return dataPlane.leaving(route.metadata.uid);
}

/** The Routes of the runtimes of one pool are alike. */
function groupOf({ metadata }: Route): string | undefined {
  const { namespace, annotations, ownerReferences = [] } = metadata;
  const pool = annotations?.[poolAnnotation];
  const isOfRuntime = ownerReferences.some(({ kind }) => kind === "Pod");
  return pool !== undefined && isOfRuntime ? keyOf({ namespace, name: pool }) : undefined;
}

/** Those that may get, or lose, what this Route asks for or has asked for. */
function rivalsOf({ object, previous }: Change<Route>, { routes }: RouteSources): Route[] {
  const claims = [object, ...(previous ? [previous] : [])].flatMap(claimsOf);
  return claiming(claims, routes).filter(({ metadata }) => metadata.uid !== object.metadata.uid);
}

/** Nothing where the claims have stayed the same. */
function foreignClaimsIn({ type, object, previous }: Change<KubeObject>): Claim[] {
  const now = foreignClaimsOf(object);
  const before = previous ? foreignClaimsOf(previous) : [];
  const isSame = type === "modified" && JSON.stringify(now) === JSON.stringify(before);
  return isSame ? [] : [...now, ...before];
}

function claiming(claims: readonly Claim[], routes: RouteSources["routes"]): Route[] {
  return [...new Set(claims.map(claimKeyOf))].flatMap((key) => routesClaiming(routes, key));
}

/** A change of status alone concerns nobody else. */
function isOfSpec({ type, object, previous }: Change<KubeObject>): boolean {
  return (
    type !== "modified" ||
    object.metadata.generation !== previous?.metadata.generation ||
    object.metadata.deletionTimestamp !== previous?.metadata.deletionTimestamp
  );
}
