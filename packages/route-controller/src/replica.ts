import { type Replica, ReplicaBuilder, type ReplicaOptions } from "@datalayer/shared/controller/replica";
import { type Caches, createCaches } from "./caches.ts";
import type { RouteControllerSettings } from "./config.ts";
import { createControllers } from "./controllers.ts";

/** One process of the route-controller: the controllers run on the one that leads. */
export interface RouteReplica extends Replica {
  /** What it knows of the cluster. */
  readonly caches: Caches;
}

/** Puts a replica together; nothing runs before {@link Replica.run}. */
export function createReplica(options: ReplicaOptions<RouteControllerSettings>): RouteReplica {
  const { settings } = options;
  const { namespaces } = settings;
  const builder = new ReplicaBuilder("route-controller", options);
  const { clock } = builder;
  const caches = createCaches({ ...builder.cacheOptions, namespaces });
  const controllers = createControllers({ caches, settings, clock });
  return { ...builder.build({ caches: { ...caches }, controllers }), caches };
}
