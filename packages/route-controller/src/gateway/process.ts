import { systemClock } from "@datalayer/shared/clock/clock";
import { createOpsApp } from "@datalayer/shared/http/ops-app";
import { loadAccess } from "@datalayer/shared/kube/access";
import { openProcess } from "@datalayer/shared/process/open-process";
import type { Shutdown } from "@datalayer/shared/process/shutdown";
import packageJson from "../../package.json" with { type: "json" };
import { type GatewaySettings, settings } from "./config.ts";
import { createGateway, type Gateway } from "./gateway.ts";

const flushMs = 5_000;

/**
 * Runs the runtime gateway until it is told to stop.
 * @throws SettingsError when a setting is not usable.
 */
export async function runGateway(environment: NodeJS.ProcessEnv): Promise<void> {
  const parsed = settings.parse(environment);
  const access = loadAccess({ environment });
  const { version } = packageJson;
  const warnings = settings.nearMisses(environment);
  const name = "runtime-gateway";
  const { log, metrics, shutdown } = openProcess({ name, version, settings: parsed, warnings });
  const gateway = await createGateway({ settings: parsed, access, version, log, metrics });
  const ops = createOpsApp({ log, health: gateway.health, registry: metrics.registry });
  endInOrder(shutdown, gateway, parsed);

  // Until the end of the process: what drains has to know where runtimes are, too.
  gateway.run(new AbortController().signal);
  const { host } = parsed;
  await ops.listen({ host, port: parsed.opsPort });
  await gateway.api.listen({ host, port: parsed.apiPort });
  const { port } = await gateway.server.listen({ host, port: parsed.port });
  log.info("serving", { port, namespaces: parsed.namespaces, version });
}

function endInOrder(shutdown: Shutdown, gateway: Gateway, { drainDelayMs, drainMs }: GatewaySettings): void {
  shutdown.add({
    phase: "unready",
    name: "readiness",
    deadlineMs: drainDelayMs + flushMs,
    run: async (signal) => {
      gateway.health.shutDown();
      await systemClock.sleep(drainDelayMs, signal);
    },
  });
  shutdown.add({
    phase: "drain",
    name: "requests",
    deadlineMs: drainMs + flushMs,
    run: () => gateway.server.drain(AbortSignal.timeout(drainMs)),
  });
  shutdown.add({ phase: "release", name: "api", deadlineMs: flushMs, run: () => gateway.api.close() });
  shutdown.add({ phase: "flush", name: "connections", deadlineMs: flushMs, run: () => gateway.close() });
}
