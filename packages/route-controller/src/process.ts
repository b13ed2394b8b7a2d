import { createOpsApp } from "@datalayer/shared/http/ops-app";
import type { ClusterAccess } from "@datalayer/shared/kube/access";
import { createLogger } from "@datalayer/shared/log/logger";
import { createMetrics } from "@datalayer/shared/metrics/registry";
import { Shutdown } from "@datalayer/shared/process/shutdown";
import packageJson from "../package.json" with { type: "json" };
import type { RouteControllerSettings } from "./config.ts";
import { type ApiOptions, createApi } from "./http/api.ts";
import { createReplica } from "./replica.ts";

const host = "0.0.0.0";
const drainMs = 10_000;
const flushMs = 5_000;

/** Runs the route-controller until it is told to stop, or loses the lease. */
export async function runProcess(
  settings: RouteControllerSettings,
  access: ClusterAccess,
  warnings: readonly string[],
): Promise<void> {
  const { version } = packageJson;
  const log = createLogger({
    name: "route-controller",
    level: settings.logLevel,
    format: settings.logFormat,
  });
  for (const warning of warnings) log.warn(warning);
  const metrics = createMetrics({ controller: "route-controller", version });
  const replica = createReplica({ settings, access, version, log, metrics });
  const ops = createOpsApp({ log, health: replica.health, registry: metrics.registry });
  const shutdown = new Shutdown({ log, exit: (code) => process.exit(code) });
  shutdown.listen(process);
  const controllers = new AbortController();
  const running = replica.run(controllers.signal);

  shutdown.add({
    phase: "unready",
    name: "readiness",
    deadlineMs: flushMs,
    run: () => replica.health.shutDown(),
  });
  shutdown.add({
    phase: "release",
    name: "controllers",
    deadlineMs: drainMs + flushMs,
    run: async () => {
      controllers.abort();
      await running;
    },
  });
  shutdown.add({ phase: "flush", name: "connections", deadlineMs: flushMs, run: () => replica.close() });

  await ops.listen({ host, port: settings.opsPort });
  const { registry } = metrics;
  await serveApi({ settings, ...replica, ...replica.caches, version, log, registry }, shutdown);
  log.info("started", { namespaces: settings.namespaces, version });
  // Another replica may lead already: this one ends rather than work on from what it remembers.
  if ((await running) === "lost") await shutdown.begin("the lease was lost", 1);
}

/** Serves the REST API where a key for it is set. */
async function serveApi(
  options: ApiOptions & { settings: RouteControllerSettings },
  shutdown: Shutdown,
): Promise<void> {
  const { apiKey, previousApiKey, apiPort } = options.settings;
  if (!apiKey) return;
  for (const key of [apiKey, previousApiKey]) if (key) options.log.redact(() => key.reveal());
  const api = await createApi(options);
  shutdown.add({ phase: "drain", name: "rest-api", deadlineMs: drainMs, run: () => api.close() });
  await api.listen({ host, port: apiPort });
}
