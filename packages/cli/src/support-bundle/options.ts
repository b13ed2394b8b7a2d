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

/** The flags of `plane support-bundle`. */
export interface BundleFlags extends ClusterFlags, OutputFlags {
  file?: string;
  since: number;
}

/** Declares the command. */
export function bundleOptions(command: Command): Command {
  addClusterOptions(command)
    .argument("[release]", "name of the release", defaultRelease)
    .option("--file <path>", "where to write it (default: <release>-support-<time>.tar.gz)")
    .addOption(
      new Option("--since <duration>", "logs of this time").argParser(durationMs).default(86_400_000, "24h"),
    )
    .addOption(outputOption());
  return addExamples(command, [
    ["plane support-bundle", "objects, Events and logs in one archive, without secrets"],
    ["plane support-bundle --since 1h --file incident.tar.gz", "of the last hour"],
  ]);
}
