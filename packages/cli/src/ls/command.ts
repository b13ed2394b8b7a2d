import { chartNames, operatorSelector, releaseLabel } from "../chart.ts";
import { type Cluster, withCluster } from "../cluster/cluster.ts";
import { Deployment } from "../cluster/kinds.ts";
import type { CommandContext } from "../command/context.ts";
import { Helm } from "../helm/helm.ts";
import { chartName, chartVersion, type Release } from "../helm/release.ts";
import { ageOf } from "../terminal/age.ts";
import { printData } from "../terminal/output.ts";
import { table } from "../terminal/table.ts";
import type { LsFlags } from "./options.ts";

/** A release as `plane ls` shows it. */
export interface ReleaseRow {
  name: string;
  namespace: string;
  chart: string;
  chartVersion: string;
  appVersion: string;
  status: string;
  pods: { ready: number; desired: number };
  /** RFC 3339. */
  firstDeployed: string;
}

/** `plane ls`: the releases of our charts. */
export async function ls(context: CommandContext, flags: LsFlags): Promise<void> {
  await withCluster(context, flags, async (cluster) => {
    const helm = await Helm.find(cluster, context);
    const allNamespaces = flags.allNamespaces ?? false;
    const [releases, deployments] = await Promise.all([
      helm.releases({ allNamespaces }),
      gatherDeployments(cluster, allNamespaces),
    ]);
    const rows = await Promise.all(
      ownReleases(releases, deployments).map(async (release) => ({
        ...describeRelease(release, deployments),
        firstDeployed: await helm.firstDeployed(release),
      })),
    );
    if (rows.length === 0) context.terminal.tell(noneIn(cluster, allNamespaces));
    printData(context.terminal, flags.output, rows, () =>
      rows.length === 0 ? "" : tableOf(rows, cluster.clock.now()),
    );
  });
}

async function gatherDeployments(
  { client, namespace }: Cluster,
  allNamespaces: boolean,
): Promise<Deployment[]> {
  const scope = allNamespaces ? {} : { namespace };
  return (await client.list(Deployment, { ...scope, labelSelector: operatorSelector })).items;
}

/** Other operators too have charts of the name "operator": ours have Deployments of ours, or none yet. */
function ownReleases(releases: readonly Release[], deployments: readonly Deployment[]): Release[] {
  return releases.filter((release) => {
    if (deployments.some((deployment) => isOf(deployment, release))) return true;
    return chartNames.includes(chartName(release)) && release.status !== "deployed";
  });
}

function isOf({ metadata }: Deployment, { name, namespace }: Release): boolean {
  return metadata.namespace === namespace && metadata.labels?.[releaseLabel] === name;
}

function describeRelease(
  release: Release,
  deployments: readonly Deployment[],
): Omit<ReleaseRow, "firstDeployed"> {
  const own = deployments.filter((deployment) => isOf(deployment, release));
  const sum = (count: (deployment: Deployment) => number | undefined): number =>
    own.reduce((total, deployment) => total + (count(deployment) ?? 0), 0);
  return {
    name: release.name,
    namespace: release.namespace,
    chart: chartName(release),
    chartVersion: chartVersion(release),
    appVersion: release.app_version,
    status: release.status,
    pods: {
      ready: sum(({ status }) => status?.readyReplicas),
      desired: sum(({ spec }) => spec?.replicas ?? 1),
    },
  };
}

function tableOf(rows: readonly ReleaseRow[], nowMs: number): string {
  const head = ["NAME", "NAMESPACE", "CHART", "APP VERSION", "STATUS", "READY", "AGE"];
  return table(
    head,
    rows.map(({ name, namespace, chart, pods, ...row }) => [
      name,
      namespace,
      `${chart}-${row.chartVersion}`,
      row.appVersion,
      row.status,
      `${pods.ready}/${pods.desired}`,
      ageOf(row.firstDeployed, nowMs),
    ]),
  );
}

function noneIn({ namespace }: Cluster, allNamespaces: boolean): string {
  return allNamespaces
    ? "There is no release in this cluster: plane up datalayer-operator"
    : `There is no release in namespace ${namespace}; plane ls -A looks everywhere.`;
}
