import { Pod } from "@datalayer/shared/kube/kinds";
import { assignedRuntimes, generatedSecretName } from "../chart.ts";
import { type Cluster, withCluster } from "../cluster/cluster.ts";
import { nameOf } from "../cluster/failures.ts";
import { findSecret } from "../cluster/secret.ts";
import { CommandError } from "../command/command-error.ts";
import { confirm } from "../command/confirm.ts";
import type { CommandContext } from "../command/context.ts";
import { Helm } from "../helm/helm.ts";
import type { Release } from "../helm/release.ts";
import { listWidely } from "../observe/kinds.ts";
import { printData } from "../terminal/output.ts";
import { ageOf } from "../terminal/age.ts";
import { withLock } from "../helm/lock.ts";
import { isOf } from "../helm/ownership.ts";
import type { DownFlags } from "./options.ts";
import { remove } from "./remove.ts";
import { describeRemains, gatherRemains } from "./what-stays.ts";

/** `plane down`: removes a release and what it generated; kinds and what users made stay. */
export async function down(context: CommandContext, name: string, flags: DownFlags): Promise<void> {
  await withCluster(context, flags, async (cluster) => {
    const { terminal } = context;
    terminal.tell(
      `Release ${terminal.paint("bold", name)} in namespace ${cluster.namespace}, on ${nameOf(cluster)}`,
    );
    const helm = await Helm.find(cluster, context);
    const release = await helm.release(name);
    if (!release && !(await hasRest(cluster, name))) return notFound(cluster, helm, { name, flags, context });
    await refuseWhileAssigned(cluster, name, flags);
    const question = `Remove release "${name}" from ${nameOf(cluster)}? Kinds, pools and runtimes stay.`;
    if (!flags.yes && !(await confirm(context, question)))
      throw new CommandError("not confirmed: nothing was removed");
    await removeAndReport(cluster, helm, { name, release, flags, context });
  });
}

/** One release that goes. */
interface Going {
  name: string;
  release?: Release | undefined;
  flags: DownFlags;
  context: CommandContext;
}

/** Whether an interrupted `down` left something of a release that is gone. */
async function hasRest(cluster: Cluster, name: string): Promise<boolean> {
  const secret = await findSecret(cluster, generatedSecretName(name));
  return secret !== undefined && isOf(secret, { name, namespace: cluster.namespace });
}

async function notFound(cluster: Cluster, helm: Helm, { name, flags, context }: Going): Promise<void> {
  if (flags.ignoreNotFound) {
    context.terminal.tell(`There is no release "${name}" in namespace ${cluster.namespace}: nothing to do.`);
    return;
  }
  const all = await helm.releases({ allNamespaces: true });
  const others = all.map((release) => `${release.namespace}/${release.name}`).join(", ");
  throw new CommandError(`there is no release "${name}" in namespace ${cluster.namespace}`, {
    next: [
      others === "" ? "plane ls -A   # there is no release in this cluster" : `plane ls -A   # has ${others}`,
    ],
  });
}

const NAMED = 10;

async function refuseWhileAssigned(cluster: Cluster, name: string, flags: DownFlags): Promise<void> {
  const assigned = await listWidely(cluster, Pod, assignedRuntimes);
  if (assigned.length === 0 || flags.leaveRuntimes) return;
  const more = assigned.length > NAMED ? [`  and ${assigned.length - NAMED} more`] : [];
  const lines = [
    ...assigned.slice(0, NAMED).map((pod) => describeRuntime(pod, cluster.clock.now())),
    ...more,
  ];
  const count = assigned.length === 1 ? "a runtime is" : `${assigned.length} runtimes are`;
  throw new CommandError(
    `${count} assigned to users, and nobody would end or meter them:\n${lines.join("\n")}`,
    {
      next: [
        "wait until they have ended, or end them through the REST API",
        `plane down ${name} --leave-runtimes   # they run on; the next \`plane up\` takes care of them again`,
      ],
    },
  );
}

function describeRuntime({ metadata }: Pod, nowMs: number): string {
  const user = metadata.labels?.["runtime-pools.datalayer.io/user-uid"];
  const who = user === undefined ? "" : `, user ${user}`;
  return `  ${metadata.namespace ?? ""}/${metadata.name}${who}, ${ageOf(metadata.creationTimestamp, nowMs)} old`;
}

async function removeAndReport(cluster: Cluster, helm: Helm, going: Going): Promise<void> {
  const { name, release, flags, context } = going;
  const { terminal, signal } = context;
  const ownSecret = release && secretNameOf(await helm.values(name));
  const onWait = (holder: string): void =>
    terminal.tell(`${holder} works on it: waiting until that has ended.`);
  await withLock(cluster, { release: name, signal, onWait }, () =>
    remove(cluster, helm, { release: name, timeoutMs: flags.timeout, signal }),
  );
  const remains = await gatherRemains(cluster, { release: name, ownSecret });
  terminal.tell(`Release "${name}" is removed. What stays:`);
  for (const line of describeRemains(remains)) terminal.tell(line);
  printData(terminal, flags.output, { release: name, removed: true, remains }, () => "");
}

/** The Secret with credentials that the administrator brought. */
function secretNameOf(values: object): string | undefined {
  const { operator } = values as {
    operator?: { cloudCredentials?: { create?: boolean; secretName?: string } };
  };
  const { create, secretName } = operator?.cloudCredentials ?? {};
  return create === false ? secretName : undefined;
}
