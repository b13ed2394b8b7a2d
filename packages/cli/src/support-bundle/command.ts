import { basename } from "node:path";
import type { Pod } from "@datalayer/shared/kube/kinds";
import { stringify } from "yaml";
import { operatorSelector } from "../chart.ts";
import { gatherFacts } from "../check/facts.ts";
import { runChecks } from "../check/check.ts";
import { postChecks } from "../check/post-checks.ts";
import { type Cluster, withCluster } from "../cluster/cluster.ts";
import { messageOf, usageError } from "../command/command-error.ts";
import type { CommandContext } from "../command/context.ts";
import { Helm } from "../helm/helm.ts";
import { printData } from "../terminal/output.ts";
import { table } from "../terminal/table.ts";
import { version } from "../version.ts";
import { type Entry, writeArchive } from "./archive.ts";
import { type Gathered, gatherObjects } from "./gather.ts";
import { gatherLogs } from "./logs.ts";
import type { BundleFlags } from "./options.ts";
import { masked, redactorOf, secretOutline, withoutSecrets } from "./redact.ts";

/** `plane support-bundle`: all that tells how a release is, in one archive without secrets. */
export async function supportBundle(
  context: CommandContext,
  release: string,
  flags: BundleFlags,
): Promise<void> {
  await withCluster(context, flags, async (cluster) => {
    const path = flags.file ?? `${release}-support-${timestamp(cluster.clock.now())}.tar.gz`;
    const gathered = await gatherObjects(cluster);
    const entries = [
      ...objectEntries(gathered),
      ...(await releaseEntries(cluster, context, release)),
      ...(await gatherLogs(cluster, operatorPods(gathered), flags.since)),
    ];
    const redactor = redactorOf(gathered.secrets);
    const clean = entries.map(({ name, text }) => ({ name, text: redactor.mask(text) }));
    const all = [contentsEntry(clean, gathered), ...clean];
    await write(path, all);
    report(context, flags, { path, entries: all, gathered });
  });
}

function timestamp(nowMs: number): string {
  return new Date(nowMs).toISOString().replaceAll(/[-:]|\..*/g, "");
}

function objectEntries({ lists, secrets }: Gathered): Entry[] {
  const entries = Object.entries(lists).map(([plural, objects]) => ({
    name: `objects/${plural}.yaml`,
    text: objects.map((object) => `---\n${stringify(withoutSecrets(object), { lineWidth: 0 })}`).join(""),
  }));
  const outlines = secrets.map((secret) => `---\n${stringify(secretOutline(secret), { lineWidth: 0 })}`);
  return [...entries, { name: "objects/secrets.yaml", text: outlines.join("") }];
}

async function releaseEntries(cluster: Cluster, context: CommandContext, release: string): Promise<Entry[]> {
  const facts = await gatherFacts(cluster, release);
  const { kubernetesVersion } = cluster;
  return [
    json("versions.json", { plane: version, kubernetes: kubernetesVersion, server: cluster.server }),
    json("status.json", facts.status),
    json("check.json", runChecks(postChecks, facts)),
    await helmEntry(cluster, context, release),
  ];
}

/** A bundle without it is better than none. */
async function helmEntry(cluster: Cluster, context: CommandContext, name: string): Promise<Entry> {
  try {
    const helm = await Helm.find(cluster, context);
    const release = await helm.release(name);
    return json("helm.json", {
      version: helm.version,
      release,
      values: release && masked(await helm.values(name)),
    });
  } catch (error) {
    return json("helm.json", { problem: messageOf(error) });
  }
}

function json(name: string, data: unknown): Entry {
  return { name, text: `${JSON.stringify(data, null, 2)}\n` };
}

function operatorPods({ lists }: Gathered): Pod[] {
  const [label = "", value] = operatorSelector.split("=");
  return (lists["pods"] ?? []).filter((pod): pod is Pod => pod.metadata.labels?.[label] === value);
}

function contentsEntry(entries: readonly Entry[], { missing, secrets }: Gathered): Entry {
  const lines = [
    "All that tells how the operator is. Secrets are left out: of each, its name and keys are listed, and its values are",
    `masked wherever they stand (${secrets.length} Secrets were read for that, and not kept).`,
    "",
    ...entries.map(({ name }) => name),
    ...(missing.length > 0 ? ["", "Not allowed to read, or not there:", ...missing] : []),
  ];
  return { name: "CONTENTS.txt", text: `${lines.join("\n")}\n` };
}

async function write(path: string, entries: readonly Entry[]): Promise<void> {
  try {
    await writeArchive(path, entries, basename(path).replace(/(\.tar)?\.gz$|\.tgz$/, ""));
  } catch (error) {
    throw usageError(`cannot write ${path}: ${messageOf(error)}`, "name another file with --file");
  }
}

function report(
  { terminal }: CommandContext,
  { output }: BundleFlags,
  { path, entries, gathered }: { path: string; entries: readonly Entry[]; gathered: Gathered },
): void {
  const contents = entries.map(({ name, text }) => ({ name, bytes: Buffer.byteLength(text) }));
  const { missing } = gathered;
  printData(terminal, output, { file: path, contents, missing }, () =>
    table(
      ["FILE", "BYTES"],
      contents.map(({ name, bytes }) => [name, String(bytes)]),
    ),
  );
  for (const line of missing) terminal.tell(`${terminal.paint("yellow", "Not read:")} ${line}`);
  terminal.tell(`Written: ${path}. Look through it before you pass it on.`);
}
