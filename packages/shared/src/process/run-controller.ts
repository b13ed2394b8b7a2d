import type { Replica } from "../controller/replica.ts";
import { createOpsApp } from "../http/ops-app.ts";
import type { Logger } from "../log/logger.ts";
import type { Metrics } from "../metrics/registry.ts";
import { listenHost, openProcess, type ProcessOptions } from "./open-process.ts";
import type { Shutdown } from "./shutdown.ts";

const drainMs = 10_000;
const flushMs = 5_000;

/** What of a REST API its process needs. */
interface ServedApi {
  listen(where: { host: string; port: number }): Promise<string>;
  close(): Promise<void>;
}

/** A controller to run. */
export interface ControllerProcess<R extends Replica> extends ProcessOptions {
  settings: ProcessOptions["settings"] & { readonly apiPort: number; readonly namespaces: readonly string[] };
  createReplica: (parts: { log: Logger; metrics: Metrics }) => R | Promise<R>;
  /** The REST API, not listening yet; undefined where it is not served. */
  apiOf: (replica: R, parts: { log: Logger; metrics: Metrics }) => Promise<ServedApi | undefined>;
}

/** Runs a controller until it is told to stop, or loses the lease. */
export async function runController<R extends Replica>(options: ControllerProcess<R>): Promise<void> {
  const { version, settings, createReplica, apiOf } = options;
  const { log, metrics, shutdown } = openProcess(options);
  const replica = await createReplica({ log, metrics });
  const api = await apiOf(replica, { log, metrics });
  const ops = createOpsApp({ log, health: replica.health, registry: metrics.registry });
  const controllers = new AbortController();
  const running = replica.run(controllers.signal);
  endInOrder(shutdown, replica, {
    api,
    stopControllers: async () => {
      controllers.abort();
      await running;
    },
  });

  await ops.listen({ host: listenHost, port: settings.opsPort });
  const address = await api?.listen({ host: listenHost, port: settings.apiPort });
  log.info("serving", { address, namespaces: settings.namespaces, version });
  // Another replica may lead already: this one ends rather than work on from what it remembers.
  if ((await running) === "lost") await shutdown.begin("the lease was lost", 1);
}

function endInOrder(
  shutdown: Shutdown,
  replica: Replica,
  { api, stopControllers }: { api: ServedApi | undefined; stopControllers: () => Promise<void> },
): void {
  shutdown.add({
    phase: "unready",
    name: "readiness",
    deadlineMs: flushMs,
    run: () => replica.health.shutDown(),
  });
  if (api) shutdown.add({ phase: "drain", name: "rest-api", deadlineMs: drainMs, run: () => api.close() });
  shutdown.add({
    phase: "release",
    name: "controllers",
    deadlineMs: drainMs + flushMs,
    run: stopControllers,
  });
  shutdown.add({ phase: "flush", name: "connections", deadlineMs: flushMs, run: () => replica.close() });
}
