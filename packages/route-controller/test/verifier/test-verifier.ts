import type { AddressInfo } from "node:net";
import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import type { ProxiedClient } from "@datalayer/devcluster/testkit/fault-proxy";
import { loadAccess } from "@datalayer/shared/kube/access";
import { tokenOf } from "@datalayer/shared/kube/testkit/chart";
import { silentLogger } from "@datalayer/shared/log/logger";
import { createMetrics, type Metrics } from "@datalayer/shared/metrics/registry";
import { createVerifierReplica, type VerifierReplica } from "../../src/verifier/replica.ts";
import { verifierSettings } from "../../src/verifier/settings.ts";
import type { Harness } from "../harness.ts";

/** The ServiceAccount of the verifier. */
export const verifierAccount = "datalayer-verifier-sa";

/** A verifier in this process: it has its own way to the API server, as its restricted ServiceAccount. */
export interface TestVerifier {
  readonly url: string;
  readonly replica: VerifierReplica;
  readonly link: ProxiedClient;
  readonly metrics: Metrics;
  /** Asks it past every data plane. */
  ask(
    uid: string,
    headers: Record<string, string>,
  ): Promise<{ status: number; headers: Record<string, unknown> }>;
  stop(): Promise<void>;
}

/**
 * Starts a verifier, until the test file ends.
 * @param options - `cut`: it cannot reach the API server, and is not waited for.
 */
export async function startVerifier(
  harness: Harness,
  name: string,
  options: { cut?: boolean; settings?: Record<string, string> } = {},
): Promise<TestVerifier> {
  const { namespaces, namespace, admin, proxy } = harness;
  const token = await tokenOf(admin, { namespace, name: verifierAccount });
  const link = await proxy.client(name, { token });
  if (options.cut) link.partition("reset");
  const metrics = createMetrics({ controller: "verifier" });
  const replica = createVerifierReplica({
    settings: verifierSettings.parse({
      DATALAYER_WATCH_NAMESPACES: namespaces.join(","),
      ...options.settings,
    }),
    access: loadAccess({ kubeconfigYaml: link.kubeconfigYaml }),
    version: "0.0.0-test",
    log: silentLogger,
    metrics,
  });
  const running = new AbortController();
  replica.start(running.signal);
  await replica.app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = replica.app.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const end = async (): Promise<void> => {
    await replica.app.close();
    running.abort();
    await replica.close();
    metrics.stop();
  };
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= end());
  afterFile(stop);
  const isReady = async (): Promise<boolean> =>
    (await replica.health.readiness()).every(({ problem }) => problem === undefined);
  if (!options.cut) await eventually(isReady, { message: `verifier ${name} being ready` });
  return {
    url,
    replica,
    link,
    metrics,
    ask: async (uid, headers) => {
      const answer = await fetch(`${url}/verify/${uid}`, { headers });
      await answer.body?.cancel();
      return { status: answer.status, headers: Object.fromEntries(answer.headers) };
    },
    stop,
  };
}
