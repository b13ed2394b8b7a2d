import { findCondition } from "@datalayer/shared/controller/conditions";
import type { Route } from "@datalayer/shared/crds/route";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import type { InformerSet } from "@datalayer/shared/kube/informer-set";
import { keyOf, type Manifest, type ObjectRef } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { Runtime } from "../runtime/runtime.ts";
import { buildPoolRoute, buildRuntimeRoute, runtimeRouteNameOf, type RouteSettings } from "./build-route.ts";

/** What is known of the Routes of runtimes. */
export interface RoutingOptions {
  routes: Pick<InformerSet<Route>, "get" | "isServed">;
  pools: Pick<ObjectReader<RuntimePool>, "get">;
  settings: RouteSettings;
}

/** Which Routes lead to runtimes, and whether they do so already. */
export class Routing {
  readonly #options: RoutingOptions;
  /** Why the API server did not take a Route, by its key. Lost with the process, and learnt anew. */
  readonly #refused = new Map<string, string>();

  constructor(options: RoutingOptions) {
    this.#options = options;
  }

  /** Whether runtimes have Routes: the settings ask for them, and the kind is served. */
  get isOn(): boolean {
    const { routes, settings } = this.#options;
    return settings.shape !== "none" && routes.isServed;
  }

  /** See `RouteSettings`. */
  get waitMs(): number {
    return this.#options.settings.waitMs;
  }

  /** The Route that a runtime should have of its own; undefined when it should have none. */
  ofRuntime(runtime: Runtime): Manifest<Route> | undefined {
    return this.isOn && this.#hasOwn(runtime)
      ? buildRuntimeRoute(runtime, this.#options.settings)
      : undefined;
  }

  /** The Route that a pool should have; undefined when it should have none. */
  ofPool(pool: RuntimePool): Manifest<Route> | undefined {
    const { settings } = this.#options;
    return this.isOn && settings.shape === "pool" ? buildPoolRoute(pool, settings) : undefined;
  }

  /** Why requests for the URL of a runtime do not reach it yet, in a sentence; undefined when they do. */
  whyUnrouted(runtime: Runtime): string | undefined {
    const { routes, pools, settings } = this.#options;
    if (!this.isOn) return undefined;
    const { namespace, pool } = runtime;
    const owner = this.#hasOwn(runtime) ? undefined : pools.get({ namespace, name: pool });
    const name = owner ? buildPoolRoute(owner, settings).metadata.name : runtimeRouteNameOf(runtime);
    const route = routes.get({ namespace, name });
    const refused = this.#refused.get(keyOf({ namespace, name }));
    if (refused !== undefined) return `Route "${name}" cannot be written: ${refused}`;
    if (!route) return `Route "${name}" has not been written yet.`;
    return whyUnready(route);
  }

  /** Whether the URL of a runtime leads through the runtime gateway. */
  isByGateway(runtime: Runtime): boolean {
    return this.isOn && !this.#hasOwn(runtime);
  }

  /** Notes why a Route was not taken; undefined when it was, or is not wanted any more. */
  noteRefusal(ref: ObjectRef, why: string | undefined): void {
    if (why === undefined) this.#refused.delete(keyOf(ref));
    else this.#refused.set(keyOf(ref), why);
  }

  /** With Routes of pools, a runtime that outlives its pool has one of its own: the pool's went with it. */
  #hasOwn({ namespace, pool, assignment }: Runtime): boolean {
    const { pools, settings } = this.#options;
    if (settings.shape !== "pool") return settings.shape === "runtime";
    return assignment !== undefined && !pools.get({ namespace, name: pool });
  }
}

/** That of a runtime is tried with a request that Jupyter refuses, that of a pool with one that the gateway refuses. */
function whyUnready({ metadata, status }: Route): string | undefined {
  const ready = findCondition(status?.conditions ?? [], "Ready");
  if (!ready || status?.observedGeneration !== metadata.generation)
    return `Route "${metadata.name}" has not been looked at by a route-controller.`;
  return ready.status === "True" ? undefined : `Route "${metadata.name}": ${ready.message}`;
}
