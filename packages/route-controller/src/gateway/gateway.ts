import { type Clock, systemClock } from "@datalayer/shared/clock/clock";
import type { App } from "@datalayer/shared/http/app";
import { Health } from "@datalayer/shared/http/health";
import type { ClusterAccess } from "@datalayer/shared/kube/access";
import { Route } from "@datalayer/shared/crds/route";
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
import { Passages } from "./passages.ts";
import { Proxy } from "./proxy.ts";
import { RoutePasses, trimRoute } from "./route-passes.ts";
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
  /** Follows the Pods of runtimes, and the Routes to them, until `signal`. */
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
  const cached = { client, namespaces: settings.namespaces, clock, log, metrics: informerMetrics(registry) };
  const labelSelector = `app=${runtimeApp}`;
  const pods = new InformerSet({ ...cached, kind: Pod, labelSelector, trim: trimRuntimePod });
  const routes = new InformerSet({ ...cached, kind: Route, trim: trimRoute, optional: true });
  const { responseTimeoutMs, idleTimeoutMs, maxBodyBytes, maxOpenPerRuntime } = settings;
  const links = new RuntimeLinks(pods, { responseTimeoutMs, idleTimeoutMs, maxHeaderBytes, clock });
  const proxy = new Proxy({
    passages: new Passages({ links, passes: new RoutePasses(routes), maxOpenPerRuntime }),
    trustedProxies: networksOf(settings.trustedProxies),
    maxBodyBytes,
    idleTimeoutMs,
    metrics: gatewayMetrics(registry),
    log,
  });
  const health = new Health();
  addCacheReadiness(health, { pods, routes });
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
    run: (signal) => {
      pods.start(signal);
      routes.start(signal);
    },
    close: async () => {
      for (const link of links.all()) link.end();
      await client.close();
    },
  };
}
