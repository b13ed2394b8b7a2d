import { bundledChart } from "../chart.ts";
import type { CloudValuesFile } from "../clouder-home/read-values.ts";
import { usageError } from "../command/command-error.ts";
import { type CommandContext, variable } from "../command/context.ts";
import type { Helm, Installation } from "../helm/helm.ts";
import type { Release } from "../helm/release.ts";
import { version } from "../version.ts";
import type { ChartFlags } from "./chart-options.ts";
import type { UpFlags } from "./options.ts";
import { planValues, type Values } from "./plan-values.ts";

/** The chart that the flags name, else the setting, else the one of this version. */
function chartOf(
  flags: Pick<ChartFlags, "chart" | "chartVersion">,
  context: CommandContext,
): Pick<Installation, "chart" | "chartVersion"> {
  const chart = flags.chart ?? variable(context, "PLANE_CHART") ?? bundledChart();
  if (chart === undefined) {
    throw usageError(
      "there is no chart beside this command",
      "name one: --chart oci://HOST/datalayer-charts/operator, or PLANE_CHART",
    );
  }
  const isRemote = chart.startsWith("oci://");
  const chartVersion = flags.chartVersion ?? (isRemote ? version : undefined);
  return { chart, ...(chartVersion && { chartVersion }) };
}

/** What Helm is asked to install. */
export async function installationOf(
  helm: Helm,
  release: { name: string; current: Release | undefined },
  { flags, files, helmFlags, context }: InstallationInputs,
): Promise<Installation> {
  const valueFlags = valueFlagsOf(flags);
  const isGiven = valueFlags.length > 0 || flags.resetValues === true;
  const previous = release.current && !isGiven ? ((await helm.values(release.name)) as Values) : undefined;
  return {
    release: release.name,
    ...chartOf(flags, context),
    values: planValues({ previous, files }),
    valueFlags,
    helmFlags,
  };
}

/** What the reader gave, and what was found. */
export interface InstallationInputs {
  flags: ChartFlags & { resetValues?: boolean };
  files: readonly CloudValuesFile[];
  helmFlags: readonly string[];
  context: CommandContext;
}

function valueFlagsOf({ values, set, setString, setFile }: ChartFlags): string[] {
  return [
    ...values.flatMap((value) => ["--values", value]),
    ...set.flatMap((value) => ["--set", value]),
    ...setString.flatMap((value) => ["--set-string", value]),
    ...setFile.flatMap((value) => ["--set-file", value]),
  ];
}

/** What the reader gave `plane up`, and what was found. */
export interface UpInputs extends InstallationInputs {
  flags: UpFlags;
}

/** Keys of `--set` whose values every user of this machine can read in the list of processes. */
export function exposedSecrets({ set, setString }: ChartFlags): string[] {
  return [...set, ...setString]
    .flatMap((assignment) => assignment.split(","))
    .map((assignment) => assignment.split("=")[0] ?? "")
    .filter((key) => /(clientSecret|secretAccessKey|password|token|_KEY|_SECRET)$/i.test(key));
}
