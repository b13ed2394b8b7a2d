import { type Clock, systemClock } from "../clock/clock.ts";
import { Health } from "../http/health.ts";
import type { ClusterAccess } from "../kube/access.ts";
import { addCacheReadiness } from "../kube/cache-readiness.ts";
import { informerMetrics, type InformerMetrics, restMetrics, type RestMetrics } from "../kube/metrics.ts";
import type { KubeObject } from "../kube/object.ts";
import type { ObjectReader } from "../kube/object-reader.ts";
import { RestClient } from "../kube/rest.ts";
import { ServerClock } from "../kube/server-clock.ts";
import type { Logger } from "../log/logger.ts";
import type { Metrics } from "../metrics/registry.ts";
import type { Controller } from "./controller.ts";
import { electionIdentity, type ElectionEnd, LeaderElector } from "./leader-election.ts";
import { kubeLease } from "./lease.ts";
import { controllerMetrics } from "./metrics.ts";
import { type Cache, runControllers } from "./run.ts";

/** What a replica is made of. */
export interface ReplicaOptions<Settings> {
  settings: Settings;
  access: ClusterAccess;
  version: string;
  log: Logger;
  metrics: Metrics;
  clock?: Clock;
}

/** One process of a controller: what it knows, and its part in the election. */
export interface Replica {
  readonly health: Health;
  /** Follows the caches and takes part in the election until `signal`; see `runControllers`. */
  run(signal: AbortSignal): Promise<ElectionEnd>;
  /** Closes the connections. */
  close(): Promise<void>;
}

/** What every cache of a replica is made with. */
export interface CacheOptions {
  client: RestClient;
  clock: Clock;
  log: Logger;
  metrics: InformerMetrics;
}

type NamedCaches = Readonly<
  Record<string, Cache & Pick<ObjectReader<KubeObject>, "hasSynced" | "lastEventAgeMs">>
>;

/** Puts replicas of a controller together: first its connections, then caches and controllers, then {@link build}. */
export class ReplicaBuilder {
  /** Follows the clock of the API server. */
  readonly clock: ServerClock;
  readonly client: RestClient;
  readonly cacheOptions: CacheOptions;
  readonly #name: string;
  readonly #options: ReplicaOptions<{ readonly podName: string; readonly podNamespace: string }>;
  readonly #restMetrics: RestMetrics;
  readonly #clients: RestClient[] = [];

  /** @param name - of the controller, its lease and its field manager. */
  constructor(
    name: string,
    options: ReplicaOptions<{ readonly podName: string; readonly podNamespace: string }>,
  ) {
    const { registry } = options.metrics;
    this.#name = name;
    this.#options = options;
    this.#restMetrics = restMetrics(registry);
    this.clock = new ServerClock(options.clock ?? systemClock);
    this.client = this.connect();
    const { clock, client } = this;
    this.cacheOptions = { client, clock, log: options.log, metrics: informerMetrics(registry) };
  }

  /** A client with connections of its own, so that its calls never queue behind others. */
  connect(): RestClient {
    const { access, version } = this.#options;
    const name = `datalayer-${this.#name}`;
    const client = new RestClient({
      access,
      userAgent: `${name}/${version}`,
      fieldManager: name,
      clock: this.clock,
      serverClock: this.clock,
      metrics: this.#restMetrics,
    });
    this.#clients.push(client);
    return client;
  }

  /** The replica; nothing runs before {@link Replica.run}. It is ready while its caches follow the cluster. */
  build({ caches, controllers }: { caches: NamedCaches; controllers: readonly Controller[] }): Replica {
    const { clock, client } = this;
    const { log, metrics } = this.#options;
    const leadership = controllerMetrics(metrics.registry);
    const elector = this.#elector(leadership);
    return {
      health: addCacheReadiness(new Health(), caches),
      run: (signal) =>
        runControllers({
          name: `datalayer.io/${this.#name}`,
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
        await Promise.all(this.#clients.map((one) => one.close()));
      },
    };
  }

  #elector(leadership: ReturnType<typeof controllerMetrics>): LeaderElector {
    const { settings, metrics, log } = this.#options;
    const lease = { namespace: settings.podNamespace, name: this.#name };
    return new LeaderElector({
      lease: kubeLease(this.client.lane(), lease),
      identity: electionIdentity(settings.podName),
      eventLoopLagMs: () => metrics.loopLag.lagMs(),
      observer: leadership.election(lease.name),
      clock: this.clock,
      log,
    });
  }
}
