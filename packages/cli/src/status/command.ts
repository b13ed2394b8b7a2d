import { type Cluster, withCluster } from "../cluster/cluster.ts";
import { nameOf } from "../cluster/failures.ts";
import { CommandError } from "../command/command-error.ts";
import type { CommandContext } from "../command/context.ts";
import { printData } from "../terminal/output.ts";
import { gatherStatus } from "./gather.ts";
import type { StatusFlags } from "./options.ts";
import { statusPage } from "./page.ts";
import { reportStatus } from "./status.ts";

/** `plane status`: the health of a release on one page. */
export async function status(context: CommandContext, release: string, flags: StatusFlags): Promise<void> {
  await withCluster(context, flags, async (cluster) => {
    const { terminal } = context;
    const report = reportStatus(await gatherStatus(cluster, release), cluster.clock.now());
    const head = headOf(cluster, release);
    printData(terminal, flags.output, { ...head, ...report }, () =>
      [title(cluster, release), statusPage(report, terminal.paintOut)].join("\n\n"),
    );
    if (report.controllers.length === 0) throw notInstalled(cluster, release);
    if (!report.isHealthy) {
      const next = [`plane check ${release} -n ${cluster.namespace}   # what to do about it`];
      throw new CommandError("", {
        next: [...next, "plane explain KIND/NAME   # one object, with its Events"],
      });
    }
  });
}

function headOf({ namespace, context, server, kubernetesVersion }: Cluster, release: string): object {
  return { release, namespace, context, server, kubernetesVersion };
}

function title(cluster: Cluster, release: string): string {
  const { namespace, kubernetesVersion } = cluster;
  return `Release ${release} in namespace ${namespace}, on ${nameOf(cluster)}, Kubernetes ${kubernetesVersion}`;
}

function notInstalled({ namespace }: Cluster, release: string): CommandError {
  return new CommandError(`release "${release}" has no controllers in namespace ${namespace}`, {
    next: ["plane ls -A   # shows the releases of the cluster", `plane up ${release} -n ${namespace}`],
  });
}
