import type { Cluster } from "../cluster/cluster.ts";
import { withCluster } from "../cluster/cluster.ts";
import { nameOf } from "../cluster/failures.ts";
import { findCloudValues } from "../clouder-home/find-values.ts";
import type { CloudValuesFile } from "../clouder-home/read-values.ts";
import type { CommandContext } from "../command/context.ts";
import { Helm, type Rendered } from "../helm/helm.ts";
import type { Workload } from "../observe/workload.ts";
import { encode } from "../terminal/output.ts";
import { dryRun } from "./dry-run.ts";
import { chartName, install } from "./install.ts";
import { exposedSecrets, installationOf, type UpInputs } from "./installation.ts";
import type { UpFlags } from "./options.ts";
import { waitUntilReady } from "./wait.ts";

/** `plane up`: installs or upgrades a release, and waits until its controllers are ready. */
export async function up(
  context: CommandContext,
  release: string,
  helmFlags: readonly string[],
  flags: UpFlags,
): Promise<void> {
  await withCluster(context, flags, async (cluster) => {
    const { terminal } = context;
    terminal.tell(
      `Release ${terminal.paint("bold", release)} in namespace ${cluster.namespace}, on ${nameOf(cluster)}`,
    );
    const files = await findCloudValues(context, cluster.context);
    sayFiles(files, flags, context);
    const inputs: UpInputs = { flags, files, helmFlags, context };
    const helm = await Helm.find(cluster, context);
    if (flags.dryRun) await dryRunOf(cluster, helm, release, inputs);
    else await installAndWait(cluster, helm, release, inputs);
  });
}

function sayFiles(files: readonly CloudValuesFile[], flags: UpFlags, { terminal }: CommandContext): void {
  const warn = (text: string): void => terminal.tell(`${terminal.paint("yellow", "Warning:")} ${text}`);
  for (const { cloud, path, isExposed } of files) {
    terminal.tell(`Credentials for ${cloud === "azure" ? "Azure" : "AWS"}: ${path}`);
    if (isExposed) warn(`others can read ${path}: chmod 600 ${path}`);
  }
  for (const key of exposedSecrets(flags)) {
    warn(`every user of this machine can read ${key} in the list of processes: use a values file instead`);
  }
}

async function dryRunOf(cluster: Cluster, helm: Helm, name: string, inputs: UpInputs): Promise<void> {
  const { flags, context } = inputs;
  const current = await helm.release(name);
  const installation = await installationOf(helm, { name, current }, inputs);
  const { terminal } = context;
  await dryRun(cluster, helm, { installation, isInstalled: current !== undefined, flags, terminal });
}

async function installAndWait(
  cluster: Cluster,
  helm: Helm,
  release: string,
  inputs: UpInputs,
): Promise<void> {
  const { flags, context } = inputs;
  const { terminal, signal } = context;
  const rendered = await install(cluster, helm, release, inputs);
  const wait = { release, timeoutMs: flags.timeout, terminal, signal };
  const workloads = flags.wait ? await waitUntilReady(cluster, wait) : [];
  if (flags.output !== "text") {
    terminal.out(encode(flags.output, resultOf(cluster, release, rendered, workloads)));
  }
  terminal.tell(closing(cluster, release, { isReady: flags.wait, chart: chartName(rendered) }));
}

/** What `-o json` prints. */
function resultOf(
  { context, server, namespace }: Cluster,
  release: string,
  { chart: { metadata } }: Rendered,
  workloads: readonly Workload[],
): object {
  const { name, version, appVersion } = metadata;
  return {
    release,
    namespace,
    context,
    server,
    chart: { name, version, appVersion },
    controllers: workloads,
  };
}

function closing(
  { namespace }: Cluster,
  release: string,
  { isReady, chart }: { isReady: boolean; chart: string },
): string {
  const where = namespace === "datalayer-runtimes" ? "" : ` -n ${namespace}`;
  return [
    `${isReady ? "Ready" : "Installed"}: ${chart}. Where to look next:`,
    `  plane status ${release}${where}     health of all, problems first`,
    `  plane logs ${release}${where}       what the controllers say`,
    `  plane check ${release}${where}      what could go wrong, and what to do about it`,
    `  kubectl get pods -n ${namespace} -l app=operator`,
    "  kubectl explain runtime-pools.spec",
  ].join("\n");
}
