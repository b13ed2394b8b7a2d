import { systemClock } from "@datalayer/shared/clock/clock";
import { createOpsApp } from "@datalayer/shared/http/ops-app";
import { loadAccess } from "@datalayer/shared/kube/access";
import { listenHost as host, openProcess } from "@datalayer/shared/process/open-process";
import packageJson from "../../package.json" with { type: "json" };
import { createVerifierReplica } from "./replica.ts";
import { verifierSettings } from "./settings.ts";

const drainMs = 10_000;
const flushMs = 5_000;

/** Runs the verifier until it is told to stop: what `route-controller verifier` does. */
export async function runVerifier(environment: NodeJS.ProcessEnv): Promise<void> {
  const settings = verifierSettings.parse(environment);
  const { version } = packageJson;
  const { namespaces, drainDelayMs } = settings;
  const warnings = verifierSettings.nearMisses(environment);
  const { log, metrics, shutdown } = openProcess({ name: "verifier", version, settings, warnings });
  const access = loadAccess({ environment });
  const replica = createVerifierReplica({ settings, access, version, log, metrics });
  const ops = createOpsApp({ log, health: replica.health, registry: metrics.registry });

  shutdown.add({
    phase: "unready",
    name: "readiness",
    deadlineMs: drainDelayMs + flushMs,
    // Questions come until every node knows that this replica is leaving: each that finds it gone is a failed request.
    run: async (signal) => {
      replica.health.shutDown();
      await systemClock.sleep(drainDelayMs, signal);
    },
  });
  shutdown.add({ phase: "drain", name: "questions", deadlineMs: drainMs, run: () => replica.app.close() });
  shutdown.add({ phase: "flush", name: "connections", deadlineMs: flushMs, run: () => replica.close() });

  replica.start(shutdown.signal);
  const opsAddress = await ops.listen({ host, port: settings.opsPort });
  const address = await replica.app.listen({ host, port: settings.port });
  log.info("serving", { address, ops_address: opsAddress, namespaces, version });
}
