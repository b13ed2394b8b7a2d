import type { Cluster } from "../cluster/cluster.ts";
import { ensureNamespace } from "../cluster/namespace.ts";
import type { Helm, Installation, Rendered } from "../helm/helm.ts";
import { ValuesRefused } from "../helm/failures.ts";
import { parseManifest } from "../helm/manifest.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { heal } from "./heal.ts";
import { installationOf, type UpInputs } from "./installation.ts";
import { type Held, withLock } from "../helm/lock.ts";
import { withNearMisses } from "./near-miss.ts";
import { takeOverKept } from "./take-over.ts";

/** Installs or upgrades a release, alone and whatever state the last attempt left it in. */
export async function install(
  cluster: Cluster,
  helm: Helm,
  name: string,
  inputs: UpInputs,
): Promise<Rendered> {
  const { terminal, signal } = inputs.context;
  if (await ensureNamespace(cluster)) terminal.tell(`Namespace ${cluster.namespace} was created.`);
  const onWait = (holder: string): void => {
    terminal.tell(`${holder} works on it: waiting until that has ended, or has been silent for 15 s.`);
  };
  return withLock(cluster, { release: name, signal, onWait }, (held) =>
    installAlone(cluster, helm, name, { ...inputs, held }),
  );
}

async function installAlone(
  cluster: Cluster,
  helm: Helm,
  name: string,
  inputs: UpInputs & { held: Held },
): Promise<Rendered> {
  const { terminal } = inputs.context;
  const current = await helm.release(name);
  // Read first: of an interrupted operation, healing removes the record.
  const installation = await installationOf(helm, { name, current }, inputs);
  const isAbandoned = inputs.flags.takeOver === true || inputs.held.abandonedBy !== undefined;
  const healed = current && (await heal(cluster, helm, { release: current, isAbandoned }));
  if (healed !== undefined) terminal.tell(`Release "${name}": ${healed}.`);
  const rendered = await renderOrExplain(helm, installation);
  const release = { name, namespace: cluster.namespace };
  const taken = await takeOverKept(cluster, helm, {
    release,
    objects: parseManifest(rendered.manifest),
  });
  if (taken.length > 0) sayTaken(taken, terminal);
  terminal.tell(`Installing chart ${chartName(rendered)} with Helm ${helm.version} …`);
  await helm.upgrade(installation);
  return rendered;
}

/** Renders before anything is changed, so that values which the chart refuses change nothing. */
export function renderOrExplain(helm: Helm, installation: Installation): Promise<Rendered> {
  return orExplain(helm, installation, helm.render(installation));
}

/** What Helm made of an installation; values that the chart refuses are an error that names what may have been meant. */
export async function orExplain<Result>(
  helm: Helm,
  installation: Installation,
  rendering: Promise<Result>,
): Promise<Result> {
  try {
    return await rendering;
  } catch (error) {
    if (!(error instanceof ValuesRefused)) throw error;
    throw withNearMisses(error, error.problems, await helm.defaults(installation));
  }
}

/** `operator 0.1.0`. */
export function chartName({ chart: { metadata } }: Rendered): string {
  return `${metadata.name} ${metadata.version}`;
}

function sayTaken(names: readonly string[], terminal: Terminal): void {
  terminal.tell(`What another release left belongs to this one now: ${names.join(", ")}.`);
}
