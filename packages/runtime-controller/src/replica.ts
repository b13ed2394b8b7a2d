import { type Clock, systemClock } from "@datalayer/shared/clock/clock";
import {
  electionIdentity,
  type ElectionEnd,
  LeaderElector,
} from "@datalayer/shared/controller/leader-election";
import { kubeLease } from "@datalayer/shared/controller/lease";
import { controllerMetrics } from "@datalayer/shared/controller/metrics";
import { runControllers } from "@datalayer/shared/controller/run";
import type { App } from "@datalayer/shared/http/app";
import type { ApiKeys } from "@datalayer/shared/http/api-key";
import { Health } from "@datalayer/shared/http/health";
import { Pages } from "@datalayer/shared/http/pages";
import type { KubeObject } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { ClusterAccess } from "@datalayer/shared/kube/access";
import { addCacheReadiness } from "@datalayer/shared/kube/cache-readiness";
import { informerMetrics, restMetrics } from "@datalayer/shared/kube/metrics";
import { RestClient } from "@datalayer/shared/kube/rest";
import { ServerClock } from "@datalayer/shared/kube/server-clock";
import type { Logger } from "@datalayer/shared/log/logger";
import type { Metrics } from "@datalayer/shared/metrics/registry";
import { type Caches, createCaches } from "./caches.ts";
import { claimMetrics } from "./claim/claim-metrics.ts";
import { queueMetrics } from "./claim-queue/queue-metrics.ts";
import { claimSettingsOf, coldStartSettingsOf } from "./claim-settings.ts";
import { ColdStarter } from "./cold-start/cold-starter.ts";
import { createClaims } from "./claims.ts";
import type { RuntimeControllerSettings } from "./config.ts";
import { createControllers } from "./controllers.ts";
import { createApi } from "./http/api.ts";
import { imageSourcesOf } from "./runtime-environment/image.ts";
import type { VolumeRoutesOptions } from "./http/volumes.ts";
import { RuntimeTokens } from "./runtime/runtime-tokens.ts";
import { Runtimes } from "./runtime/runtimes.ts";
import { createRuntimeHomes } from "./runtime-homes.ts";
import { createRuntimeRouting } from "./runtime-routing.ts";
import { templateSourcesOf } from "./template-sources.ts";
import { createUsage } from "./usage.ts";

/** What a replica is made of. */
export interface ReplicaOptions {
  settings: RuntimeControllerSettings;
  access: ClusterAccess;
  version: string;
  log: Logger;
  metrics: Metrics;
  clock?: Clock;
}

/** One process of the runtime-controller: REST on every replica, controllers on the one that leads. */
export interface Replica {
  /** The REST API; not listening yet. */
  readonly api: App;
  readonly health: Health;
  /** What it knows of the cluster. */
  readonly caches: Caches;
  /** Follows the caches and takes part in the election until `signal`; see `runControllers`. */
  run(signal: AbortSignal): Promise<ElectionEnd>;
  /** Waits for abandoned runtimes to be gone, then closes the connections. */
  close(): Promise<void>;
}

const leaseName = "runtime-controller";

/** Puts a replica together; nothing runs before {@link Replica.run}. */
export async function createReplica(options: ReplicaOptions): Promise<Replica> {
  const { settings, version, log, metrics } = options;
  const clock = new ServerClock(options.clock ?? systemClock);
  const { registry, loopLag } = metrics;
  const { client, claimClient } = createClients(options, clock);
  const caches = createCaches({
    client,
    namespaces: settings.namespaces,
    imagesNamespace: settings.imagesNamespace,
    podNamespace: settings.podNamespace,
    clock,
    log,
    metrics: informerMetrics(registry),
  });
  const { podName, podNamespace } = settings;
  const secret = { namespace: podNamespace, name: "datalayer-operator-token-keys" };
  const tokens = new RuntimeTokens({ client: claimClient, secret, clock, log });
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
  const common = {
    ...createRuntimeRouting(caches, settings, clock),
    caches,
    claims,
    runtimes,
    tokens,
    imageSources,
    settings,
    clock,
  };
  const runtimeHomes = createRuntimeHomes({ ...common, client: claimClient, seals: tokens });
  const controllers = [
    ...createControllers({ ...common, usage, registry, log }),
    ...runtimeHomes.controllers,
  ];
  const leadership = controllerMetrics(registry);
  const elector = new LeaderElector({
    lease: kubeLease(client.lane(), { namespace: podNamespace, name: leaseName }),
    identity: electionIdentity(podName),
    eventLoopLagMs: () => loopLag.lagMs(),
    observer: leadership.election(leaseName),
    clock,
    log,
  });
  const health = addCacheReadiness(new Health(), { ...caches });
  const api = await createApi({
    ...caches,
    ...claims,
    ...usage,
    imageSources,
    client: claimClient,
    runtimes,
    tokens,
    namespaces: settings.namespaces,
    ...runtimeHomes,
    ...volumeOptions(settings),
    clock,
    maxWaitMs: settings.claimMaxWaitSeconds * 1000,
    publicUrl: settings.runtimesUrl,
    version,
    log,
    registry,
    health,
    hasSynced: () => cachesOf(caches).every(([, cache]) => cache.hasSynced),
    apiKeys: apiKeysOf(settings),
    pages: new Pages(apiKeysOf(settings)),
  });
  return {
    api,
    health,
    caches,
    run: (signal) =>
      runControllers({
        name: "datalayer.io/runtime-controller",
        controllers,
        informers: Object.values(caches),
        elector,
        client,
        signal,
        clock,
        log,
        metrics: leadership,
      }),
    close: async () => {
      await claims.abandoner.drained();
      await Promise.all([client.close(), claimClient.close()]);
    },
  };
}

function createClients(
  { access, version, metrics: { registry } }: ReplicaOptions,
  clock: ServerClock,
): { client: RestClient; claimClient: RestClient } {
  const connection = {
    access,
    userAgent: `datalayer-runtime-controller/${version}`,
    fieldManager: "datalayer-runtime-controller",
    clock,
    serverClock: clock,
    metrics: restMetrics(registry),
  };
  return {
    client: new RestClient(connection),
    // Claims have connections of their own: users never queue behind the refill.
    claimClient: new RestClient(connection),
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

/** The keys of now: they follow the files that hold them. */
function apiKeysOf({ apiKey, previousApiKey }: RuntimeControllerSettings): ApiKeys {
  return () => [apiKey, previousApiKey].flatMap((key) => key?.reveal() ?? []);
}

function cachesOf(
  caches: Caches,
): [string, Pick<ObjectReader<KubeObject>, "hasSynced" | "lastEventAgeMs">][] {
  return Object.entries({ ...caches });
}
