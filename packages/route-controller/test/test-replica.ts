import type { ProxiedClient } from "@datalayer/devcluster/testkit/fault-proxy";
import type { Clock } from "@datalayer/shared/clock/clock";
import type { ElectionEnd } from "@datalayer/shared/controller/leader-election";
import { loadAccess } from "@datalayer/shared/kube/access";
import { type Logger, silentLogger } from "@datalayer/shared/log/logger";
import { createMetrics, type Metrics } from "@datalayer/shared/metrics/registry";
import { settings } from "../src/config.ts";
import { createReplica, type Replica } from "../src/replica.ts";

/** Environment variables of a replica beyond those that fit the namespaces. */
export type ReplicaSettings = Record<string, string>;

/** A replica in this process: it has its own way to the API server, caches, election and metrics. */
export class TestReplica {
  readonly name: string;
  readonly replica: Replica;
  /** Its way to the API server: `partition()`, `heal()`. */
  readonly link: ProxiedClient;
  readonly metrics: Metrics;
  /** How its part in the election ended. */
  readonly ended: Promise<ElectionEnd>;
  readonly #running = new AbortController();
  #stopped: Promise<void> | undefined;

  constructor(link: ProxiedClient, replica: Replica, metrics: Metrics) {
    this.name = link.name;
    this.link = link;
    this.replica = replica;
    this.metrics = metrics;
    this.ended = replica.run(this.#running.signal);
  }

  /** Ends it as SIGTERM would: the lease is given back. */
  stop(): Promise<void> {
    this.#stopped ??= this.#end();
    return this.#stopped;
  }

  /** Ends it as SIGKILL would, as far as the cluster can see: nothing that it sends arrives, the lease stays. */
  kill(): Promise<void> {
    this.link.partition("reset");
    this.#running.abort();
    this.metrics.stop();
    this.#stopped = Promise.resolve();
    return this.#stopped;
  }

  async #end(): Promise<void> {
    this.replica.health.shutDown();
    this.#running.abort();
    await this.ended;
    await this.replica.close();
    this.metrics.stop();
  }
}

/** Puts a replica together and starts it; its caches may not be filled yet. */
export function launchReplica(options: {
  link: ProxiedClient;
  namespaces: readonly string[];
  settings?: ReplicaSettings;
  log?: Logger;
  clock?: Clock;
}): TestReplica {
  const { link, namespaces, log = silentLogger, clock } = options;
  const metrics = createMetrics({ controller: "route-controller" });
  const replica = createReplica({
    settings: settings.parse({
      DATALAYER_WATCH_NAMESPACES: namespaces.join(","),
      POD_NAMESPACE: namespaces[0],
      POD_NAME: link.name,
      ...options.settings,
    }),
    access: loadAccess({ kubeconfigYaml: link.kubeconfigYaml }),
    version: "0.0.0-test",
    log,
    metrics,
    clock,
  });
  return new TestReplica(link, replica, metrics);
}
