import { loadAccess } from "@datalayer/shared/kube/access";
import { systemClock } from "@datalayer/shared/clock/clock";
import { RestClient } from "@datalayer/shared/kube/rest";
import { ServerClock } from "@datalayer/shared/kube/server-clock";
import type { ClusterFlags } from "../command/options.ts";
import { messageOf, usageError } from "../command/command-error.ts";
import type { CommandContext } from "../command/context.ts";
import { version } from "../version.ts";
import { type ClusterName, explainFailure } from "./failures.ts";

/** The cluster that a command works on. */
export interface Cluster extends ClusterName {
  /** Its calls end when the command is interrupted. */
  readonly client: RestClient;
  /** For what has to be put in order also after that. */
  readonly lasting: RestClient;
  /** The clock of the API server, by which ages are told. */
  readonly clock: ServerClock;
  /** The namespace that the command means. */
  readonly namespace: string;
  /** The version of its API server, such as `v1.37.2`. */
  readonly kubernetesVersion: string;
  /** The flags by which Helm and kubectl find the same cluster. */
  readonly flags: { kubeconfig?: string; context?: string };
}

/** One call that tells at once whether somebody is there. */
const GREETING = { timeoutMs: 10_000, retry: false } as const;

/**
 * Runs `work` on the cluster that the flags name, and closes the connections.
 *
 * @throws CommandError when there is no such cluster, it cannot be reached, or it refuses a call that `work` made.
 */
export async function withCluster<T>(
  context: CommandContext,
  flags: ClusterFlags,
  work: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  const access = findAccess(context, flags);
  const name: ClusterName = { context: access.context, server: access.server };
  const clock = new ServerClock(systemClock);
  const lasting = new RestClient({
    access,
    userAgent: `datalayer-plane/${version}`,
    fieldManager: "plane",
    serverClock: clock,
  });
  const client = lasting.bindTo(context.signal);
  try {
    const { gitVersion } = (await client.raw({ method: "GET", path: "/version" }, GREETING)) as {
      gitVersion: string;
    };
    const { namespace, kubeconfig } = flags;
    const found = { ...(kubeconfig && { kubeconfig }), ...(access.context && { context: access.context }) };
    return await work({
      ...name,
      client,
      lasting,
      clock,
      namespace,
      kubernetesVersion: gitVersion,
      flags: found,
    });
  } catch (error) {
    throw explainFailure(error, name);
  } finally {
    await lasting.close();
  }
}

function findAccess({ environment }: CommandContext, { kubeconfig, context }: ClusterFlags) {
  try {
    return loadAccess({
      environment,
      ...(kubeconfig && { kubeconfigPath: kubeconfig }),
      ...(context && { context }),
    });
  } catch (error) {
    throw usageError(
      `no cluster to work on: ${messageOf(error)}`,
      "kubectl config get-contexts   # lists those that there are",
    );
  }
}
