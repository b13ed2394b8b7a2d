import { type Clock, systemClock } from "@datalayer/shared/clock/clock";
import type { App } from "@datalayer/shared/http/app";
import { Health } from "@datalayer/shared/http/health";
import type { ClusterAccess } from "@datalayer/shared/kube/access";
import { InformerSet } from "@datalayer/shared/kube/informer-set";
import { Pod } from "@datalayer/shared/kube/kinds";
import { informerMetrics, restMetrics } from "@datalayer/shared/kube/metrics";
import { RestClient } from "@datalayer/shared/kube/rest";
import type { Logger } from "@datalayer/shared/log/logger";
import type { Metrics } from "@datalayer/shared/metrics/registry";
import { runtimeApp } from "@datalayer/shared/runtime/names";
import { addCacheReadiness } from "@datalayer/shared/kube/cache-readiness";
import { createActivityApi } from "./activity-api.ts";
import { type GatewaySettings, networksOf } from "./config.ts";
import { gatewayMetrics } from "./metrics.ts";
import { Proxy } from "./proxy.ts";
import { RuntimeLinks } from "./runtime-links.ts";
import { trimRuntimePod } from "./runtime-pod.ts";
import { GatewayServer } from "./server.ts";

/** What a gateway is made of. */
export interface GatewayOptions {
  settings: GatewaySettings;
  access: ClusterAccess;
  version: string;
  log: Logger;
  metrics: Metrics;
  clock?: Clock;
}

/** One replica of the runtime gateway. It only reads from the API server. */
export interface Gateway {
  /** What clients reach runtimes by; not listening yet. */
  readonly server: GatewayServer;
  /** The internal API; not listening yet. */
  readonly api: App;
  readonly health: Health;
  /** Follows the Pods of runtimes until `signal`. */
  run(signal: AbortSignal): void;
  /** Ends all connections to runtimes and to the API server. */
  close(): Promise<void>;
}

/** Cookies and tokens of several services on one host come along. */
const maxHeaderBytes = 32 * 1024;

/** Puts a gateway together; nothing runs before {@link Gateway.run}. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { settings, access, version, log, metrics, clock = systemClock } = options;
  const { registry } = metrics;
  const client = new RestClient({
    access,
    userAgent: `datalayer-runtime-gateway/${version}`,
    fieldManager: "datalayer-runtime-gateway",
    clock,
    metrics: restMetrics(registry),
  });
  const pods = new InformerSet({
    client,
    kind: Pod,
    namespaces: settings.namespaces,
    labelSelector: `app=${runtimeApp}`,
    trim: trimRuntimePod,
    clock,
    log,
    metrics: informerMetrics(registry),
  });
  const { responseTimeoutMs, idleTimeoutMs, maxBodyBytes, maxOpenPerRuntime } = settings;
  const links = new RuntimeLinks(pods, { responseTimeoutMs, idleTimeoutMs, maxHeaderBytes, clock });
  const proxy = new Proxy({
    links,
    trustedProxies: networksOf(settings.trustedProxies),
    maxBodyBytes,
    maxOpenPerRuntime,
    idleTimeoutMs,
    metrics: gatewayMetrics(registry),
    log,
  });
  const health = new Health();
  addCacheReadiness(health, { pods });
  const api = await createActivityApi({
    links,
    startedMs: clock.monotonicMs(),
    clock,
    version,
    log,
    registry,
    apiKeys: () => [settings.apiKey, settings.previousApiKey].flatMap((key) => key?.reveal() ?? []),
    health,
  });
  return {
    server: new GatewayServer(proxy, { maxHeaderBytes, idleTimeoutMs }),
    api,
    health,
    run: (signal) => pods.start(signal),
    close: async () => {
      for (const link of links.all()) link.end();
      await client.close();
    },
  };
}
