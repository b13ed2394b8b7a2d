import type { ClusterContext } from "./context.ts";
import { freePort } from "./ports.ts";
import { answersOk } from "./readiness.ts";

const quotaBytes = 8 * 1024 ** 3;

/** Starts etcd on loopback and returns its URL for clients. */
export async function startEtcd(
  context: ClusterContext,
  options: { program: string; fsync: boolean },
): Promise<string> {
  const [port, peerPort] = await Promise.all([freePort(), freePort()]);
  const clientUrl = `http://127.0.0.1:${port}`;
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  await context.supervisor.start({
    name: "etcd",
    command: options.program,
    args: [
      `--data-dir=${context.state.path("etcd")}`,
      `--listen-client-urls=${clientUrl}`,
      `--advertise-client-urls=${clientUrl}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=default=${peerUrl}`,
      `--quota-backend-bytes=${quotaBytes}`,
      "--log-level=warn",
      ...(options.fsync ? [] : ["--unsafe-no-fsync"]),
    ],
    port,
    graceful: false,
    ready: (signal) => answersOk(`${clientUrl}/readyz`, { signal }),
  });
  return clientUrl;
}
