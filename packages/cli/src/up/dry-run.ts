import type { Cluster } from "../cluster/cluster.ts";
import { CommandError } from "../command/command-error.ts";
import { exitCode } from "../command/exit-code.ts";
import type { Helm, Installation } from "../helm/helm.ts";
import { parseManifest } from "../helm/manifest.ts";
import { printData } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { type Change, paintDiff, summary } from "./diff/change.ts";
import { planChanges } from "./diff/plan-changes.ts";
import { renderOrExplain } from "./install.ts";
import type { UpFlags } from "./options.ts";

/** What a dry run is about. */
export interface DryRun {
  installation: Installation;
  /** Whether there is a release already. */
  isInstalled: boolean;
  flags: UpFlags;
  terminal: Terminal;
}

/** Prints what `plane up` would change. */
export async function dryRun(cluster: Cluster, helm: Helm, options: DryRun): Promise<void> {
  const { installation, isInstalled, flags, terminal } = options;
  const { manifest } = await renderOrExplain(helm, installation);
  const current = isInstalled ? parseManifest(await helm.manifest(installation.release)) : [];
  const changes = await planChanges(cluster, {
    release: installation.release,
    next: parseManifest(manifest),
    current,
  });
  printData(terminal, flags.output, changes, () => describeChanges(changes, terminal));
  terminal.tell(`${summary(changes)}; nothing was changed`);
  if (changes.some(({ action }) => action === "refused"))
    throw new CommandError("the API server refuses objects");
  if (flags.exitUnchanged && changes.every(({ action }) => action === "unchanged")) {
    throw new CommandError("", { exitCode: exitCode.unchanged });
  }
}

function describeChanges(changes: readonly Change[], { paintOut }: Terminal): string {
  return changes
    .filter(({ action }) => action !== "unchanged")
    .map(({ object, action, diff }) =>
      action === "refused" ? paintOut("red", `${object}: ${diff}`) : paintDiff(diff, paintOut),
    )
    .join("\n");
}
