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

/** The flags of `plane check`. */
export interface CheckFlags extends ClusterFlags, OutputFlags {
  pre?: boolean;
  chart?: string;
  chartVersion?: string;
  wait?: number;
}

/** Declares the command. */
export function checkOptions(command: Command): Command {
  addClusterOptions(command)
    .argument("[release]", "name of the release", defaultRelease)
    .option("--pre", "before an installation: what it needs")
    .option("--chart <chart>", "with --pre: the chart that shall be installed (default: as of `plane up`)")
    .option("--chart-version <version>", "with --pre: its version, in a registry")
    .addOption(
      new Option("--wait <duration>", "check again until nothing is wrong, for so long").argParser(
        durationMs,
      ),
    )
    .addOption(outputOption());
  return addExamples(command, [
    ["plane check --pre", "may the operator be installed here?"],
    ["plane check", "what is wrong, or may go wrong, and what to do about it"],
    ["plane check --wait 5m -o json", "in a script, after an installation"],
  ]);
}
