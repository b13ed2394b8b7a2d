import { type Replica, ReplicaBuilder, type ReplicaOptions } from "@datalayer/shared/controller/replica";
import type { App } from "@datalayer/shared/http/app";
import { Pages } from "@datalayer/shared/http/pages";
import type { KubeObject } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { type Caches, createCaches } from "./caches.ts";
import { claimMetrics } from "./claim/claim-metrics.ts";
import { queueMetrics } from "./claim-queue/queue-metrics.ts";
import { claimSettingsOf, coldStartSettingsOf } from "./claim-settings.ts";
import { ColdStarter } from "./cold-start/cold-starter.ts";
import { createClaims } from "./claims.ts";
import type { RuntimeControllerSettings } from "./config.ts";
import { createControllers } from "./controllers.ts";
import { createApi } from "./http/api.ts";
import { apiKeySource } from "./http/api-keys.ts";
import { imageSourcesOf } from "./runtime-environment/image.ts";
import type { VolumeRoutesOptions } from "./http/volumes.ts";
import { ScalingStore } from "./node-scaling/store.ts";
import { RuntimeTokens } from "./runtime/runtime-tokens.ts";
import { Runtimes } from "./runtime/runtimes.ts";
import { createRuntimeHomes } from "./runtime-homes.ts";
import { routeSettingsOf } from "./route-settings.ts";
import { Routing } from "./runtime-route/routing.ts";
import { scalingKeysOf } from "./scaling-settings.ts";
import { templateSourcesOf } from "./template-sources.ts";
import { createUsage } from "./usage.ts";

/** One process of the runtime-controller: REST on every replica, controllers on the one that leads. */
export interface RuntimeReplica extends Replica {
  /** The REST API; not listening yet. */
  readonly api: App;
  /** What it knows of the cluster. */
  readonly caches: Caches;
}

/** Puts a replica together; nothing runs before {@link Replica.run}. */
export async function createReplica(
  options: ReplicaOptions<RuntimeControllerSettings>,
): Promise<RuntimeReplica> {
  const {
    settings,
    version,
    log,
    metrics: { registry },
  } = options;
  const { namespaces, imagesNamespace, podNamespace } = settings;
  const builder = new ReplicaBuilder("runtime-controller", options);
  const { clock } = builder;
  // Claims have connections of their own: users never queue behind the refill.
  const claimClient = builder.connect();
  const caches = createCaches({ ...builder.cacheOptions, namespaces, imagesNamespace, podNamespace });
  const apiKeys = apiKeySource({ settings, client: claimClient, clock, log });
  const tokens = new RuntimeTokens({
    client: claimClient,
    secret: { namespace: podNamespace, name: "datalayer-operator-token-keys" },
    clock,
    log,
  });
  const runtimes = new Runtimes(caches.pods);
  const imageSources = imageSourcesOf(caches.images, settings);
  const claims = createClaims({
    caches,
    coldStarter: new ColdStarter({
      ...templateSourcesOf(caches, settings, imageSources),
      ...coldStartSettingsOf(settings),
      pods: caches.pods,
      client: claimClient,
      tokens,
      clock,
    }),
    runtimes,
    client: claimClient,
    clock,
    log,
    metrics: { ...claimMetrics(registry), ...queueMetrics(registry) },
    seals: tokens,
    settings: claimSettingsOf(settings),
  });
  const usage = createUsage({ caches, settings, clock, log, registry });
  const routing = new Routing({ ...caches, settings: routeSettingsOf(settings) });
  const common = { caches, claims, runtimes, tokens, imageSources, routing, settings, clock };
  const runtimeHomes = createRuntimeHomes({ ...common, client: claimClient, seals: tokens });
  const controllers = [
    ...createControllers({ ...common, apiKeys: apiKeys.keys, usage, registry, log }),
    ...runtimeHomes.controllers,
  ];
  const replica = builder.build({ caches: { ...caches }, controllers });
  replica.health.addReadiness("api-key", apiKeys.readiness);
  const api = await createApi({
    ...caches,
    ...claims,
    ...usage,
    imageSources,
    scalingStore: new ScalingStore(caches.scaling, scalingKeysOf(settings)),
    client: claimClient,
    runtimes,
    tokens,
    routing,
    namespaces,
    ...runtimeHomes,
    ...volumeOptions(settings),
    clock,
    maxWaitMs: settings.claimMaxWaitSeconds * 1000,
    publicUrl: settings.runtimesUrl,
    version,
    log,
    registry,
    health: replica.health,
    hasSynced: () => cachesOf(caches).every(([, cache]) => cache.hasSynced),
    apiKeys: apiKeys.keys,
    pages: new Pages(apiKeys.keys),
  });
  return {
    ...replica,
    api,
    caches,
    // Not before abandoned runtimes are gone.
    close: async () => {
      await claims.abandoner.drained();
      await replica.close();
    },
  };
}

/** What the administrator sets for volumes. */
function volumeOptions(
  settings: RuntimeControllerSettings,
): Pick<VolumeRoutesOptions, "homeNamespace" | "volumeSettings"> {
  const { namespaces, podNamespace, volumeStorageClass, volumeMaxBytes, homeBytes } = settings;
  return {
    homeNamespace: namespaces.find((namespace) => namespace !== "*") ?? podNamespace,
    volumeSettings: {
      storageClass: volumeStorageClass,
      maxBytes: volumeMaxBytes,
      defaultBytes: homeBytes,
    },
  };
}

function cachesOf(
  caches: Caches,
): [string, Pick<ObjectReader<KubeObject>, "hasSynced" | "lastEventAgeMs">][] {
  return Object.entries({ ...caches });
}
