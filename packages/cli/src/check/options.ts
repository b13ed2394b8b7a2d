import { type Command, Option } from "commander";
import {
  addClusterOptions,
  addExamples,
  type ClusterFlags,
  defaultRelease,
  durationMs,
  outputOption,
  type OutputFlags,
} from "../command/options.ts";
import { addChartOptions, type ChartFlags } from "../up/chart-options.ts";

/** The flags of `plane check`. */
export interface CheckFlags extends ClusterFlags, OutputFlags, ChartFlags {
  pre?: boolean;
  wait?: number;
}

/** Declares the command. */
export function checkOptions(command: Command): Command {
  addClusterOptions(command)
    .argument("[release]", "name of the release", defaultRelease)
    .option("--pre", "before an installation: what it needs, with the chart and the values of `plane up`");
  addChartOptions(command, "with --pre: ")
    .addOption(
      new Option("--wait <duration>", "check again until nothing is wrong, for so long").argParser(
        durationMs,
      ),
    )
    .addOption(outputOption());
  return addExamples(command, [
    ["plane check --pre", "may the operator be installed here?"],
    ["plane check --pre -f values.yaml", "and with these values?"],
    ["plane check", "what is wrong, or may go wrong, and what to do about it"],
    ["plane check --wait 5m -o json", "in a script, after an installation"],
  ]);
}
