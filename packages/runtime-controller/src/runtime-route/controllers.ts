import { controller, type Controller } from "@datalayer/shared/controller/controller";
import { type Outcome, settled, waiting } from "@datalayer/shared/controller/outcome";
import type { Route } from "@datalayer/shared/crds/route";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import type { InformerSet } from "@datalayer/shared/kube/informer-set";
import { Pod } from "@datalayer/shared/kube/kinds";
import { keyOf } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RestClient } from "@datalayer/shared/kube/rest";
import type { Runtime } from "../runtime/runtime.ts";
import type { Runtimes } from "../runtime/runtimes.ts";
import { poolRouteNameOf, runtimeRouteNameOf } from "./build-route.ts";
import { keepRoute, type RouteWish } from "./keep-route.ts";
import type { Routing } from "./routing.ts";

/** What the Routes of runtimes are kept with. */
export interface RuntimeRouteOptions {
  pods: ObjectReader<Pod>;
  pools: ObjectReader<RuntimePool>;
  routes: InformerSet<Route>;
  runtimes: Runtimes;
  routing: Routing;
  /** Resolves when a Route may be written without making claims wait. */
  giveWay: () => Promise<void>;
}

/** A refusal that nobody mends is asked for again now and then; there may be thousands. */
const refusedAgainMs = 60_000;
const handOverAgainMs = 2_000;

/** Keeps the Routes by which users reach runtimes: those of runtimes, and those of pools. */
export function runtimeRouteControllers(options: RuntimeRouteOptions): Controller[] {
  const { pods, pools, routes, runtimes } = options;
  const ofRuntimes = runtimeRoutes(options);
  const ofPools = poolRoutes(options);
  pools.onChange(({ type, object }) => {
    if (type === "modified") return;
    for (const runtime of runtimes.ofPool(object.metadata)) ofRuntimes.enqueue(runtime);
  });
  routes.onServed(() => {
    for (const { metadata } of pods.list()) ofRuntimes.enqueue(metadata);
    for (const { metadata } of pools.list()) ofPools.enqueue(metadata);
  });
  return [ofRuntimes, ofPools];
}

function runtimeRoutes(options: RuntimeRouteOptions): Controller {
  const { pods, routes, runtimes, routing } = options;
  const hasRoute = (runtime: Runtime): boolean =>
    routing.ofRuntime(runtime) !== undefined || routes.get(refOfRuntime(runtime)) !== undefined;
  return controller({
    name: "runtime-route",
    for: Pod,
    informer: pods,
    selects: (pod) => {
      const runtime = runtimes.of(pod);
      return runtime !== undefined && hasRoute(runtime);
    },
    // The Route of a runtime has the name of its Pod.
    watches: [{ informer: routes, keys: ({ metadata }: Route) => [keyOf(metadata)] }],
    reportsStatus: false,
    reconcile: async (pod, { kube }) => {
      const runtime = runtimes.of(pod);
      if (!runtime || runtime.terminating || runtime.ended) return { outcome: settled() };
      return { outcome: await keepOfRuntime(runtime, kube, options) };
    },
  });
}

function keepOfRuntime(runtime: Runtime, kube: RestClient, options: RuntimeRouteOptions): Promise<Outcome> {
  const wish = {
    ref: refOfRuntime(runtime),
    wanted: options.routing.ofRuntime(runtime),
    owner: { kind: Pod.kind, name: runtime.name },
  };
  return keep(wish, [runtime], { ...options, kube });
}

function poolRoutes(options: RuntimeRouteOptions): Controller {
  const { pools, routes } = options;
  return controller({
    name: "pool-route",
    for: RuntimePool,
    informer: pools,
    watches: [{ informer: routes, keys: poolOwning }],
    reportsStatus: false,
    reconcile: async (pool, { kube }) => ({ outcome: await keepOfPool(pool, kube, options) }),
  });
}

function keepOfPool(pool: RuntimePool, kube: RestClient, options: RuntimeRouteOptions): Promise<Outcome> {
  const { namespace, name } = pool.metadata;
  const wish = {
    ref: { namespace, name: poolRouteNameOf(pool) },
    wanted: options.routing.ofPool(pool),
    owner: { kind: RuntimePool.kind, name },
  };
  return keep(wish, options.runtimes.ofPool(pool.metadata), { ...options, kube });
}

/** Keeps one Route. One that is not wanted any more stays until others lead to the runtimes that it leads to. */
async function keep(
  wish: RouteWish,
  ledTo: readonly Runtime[],
  { routing, ...hands }: RuntimeRouteOptions & { kube: RestClient },
): Promise<Outcome> {
  const isLeft = !wish.wanted && hands.routes.get(wish.ref) !== undefined;
  if (isLeft && ledTo.some((runtime) => routing.whyUnrouted(runtime) !== undefined)) return handOver;
  const refused = await keepRoute(wish, hands);
  routing.noteRefusal(wish.ref, refused);
  if (refused === undefined) return settled();
  return waiting({ reason: "RouteRefused", message: refused, retryAfterMs: refusedAgainMs });
}

const handOver = waiting({
  reason: "HandOver",
  message: "Its Route stays until another one leads to it.",
  retryAfterMs: handOverAgainMs,
});

function refOfRuntime(runtime: Runtime): { namespace: string; name: string } {
  return { namespace: runtime.namespace, name: runtimeRouteNameOf(runtime) };
}

function poolOwning({ metadata }: Route): string[] {
  const owners = metadata.ownerReferences?.filter(({ kind }) => kind === RuntimePool.kind) ?? [];
  return owners.map(({ name }) => keyOf({ namespace: metadata.namespace, name }));
}
