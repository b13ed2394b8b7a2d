import { Secret } from "@datalayer/shared/config/secret";
import { createOpsApp } from "@datalayer/shared/http/ops-app";
import type { ClusterAccess } from "@datalayer/shared/kube/access";
import { createLogger } from "@datalayer/shared/log/logger";
import { createMetrics } from "@datalayer/shared/metrics/registry";
import { Shutdown } from "@datalayer/shared/process/shutdown";
import packageJson from "../package.json" with { type: "json" };
import type { RuntimeControllerSettings } from "./config.ts";
import { createReplica } from "./replica.ts";

const host = "0.0.0.0";
const drainMs = 10_000;
const flushMs = 5_000;

/** Runs the runtime-controller until it is told to stop, or loses the lease. */
export async function runProcess(
  settings: RuntimeControllerSettings,
  access: ClusterAccess,
  warnings: readonly string[],
): Promise<void> {
  const { version } = packageJson;
  const log = createLogger({
    name: "runtime-controller",
    level: settings.logLevel,
    format: settings.logFormat,
  });
  for (const key of secretsOf(settings)) if (key) log.redact(() => key.reveal());
  for (const warning of warnings) log.warn(warning);
  const metrics = createMetrics({ controller: "runtime-controller", version });
  const replica = await createReplica({ settings, access, version, log, metrics });
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
  shutdown.add({ phase: "drain", name: "rest-api", deadlineMs: drainMs, run: () => replica.api.close() });
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
  const address = await replica.api.listen({ host, port: settings.apiPort });
  log.info("serving", { address, namespaces: settings.namespaces, version });
  // Another replica may lead already: this one ends rather than work on from what it remembers.
  if ((await running) === "lost") await shutdown.begin("the lease was lost", 1);
}

function secretsOf(settings: RuntimeControllerSettings): (Secret | undefined)[] {
  return Object.values(settings).filter((value) => value instanceof Secret);
}
