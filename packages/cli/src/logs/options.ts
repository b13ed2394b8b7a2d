import { type Command, Option } from "commander";
import {
  addClusterOptions,
  addExamples,
  type ClusterFlags,
  collect,
  count,
  defaultRelease,
  durationMs,
  outputOption,
  type OutputFlags,
} from "../command/options.ts";
import { logLevels, type Level } from "./line.ts";

/** The flags of `plane logs`. */
export interface LogsFlags extends ClusterFlags, OutputFlags {
  controller: readonly string[];
  level: Level;
  follow: boolean;
  tail: number;
  since?: number;
}

/** Declares the command. */
export function logsOptions(command: Command): Command {
  addClusterOptions(command)
    .argument("[release]", "name of the release", defaultRelease)
    .option("-c, --controller <name>", "only of this one; may be given several times", collect, [])
    .addOption(
      new Option("-l, --level <level>", "the least grave lines").choices(logLevels).default("debug", "all"),
    )
    .option("--no-follow", "print what there is, and end")
    .option("--tail <lines>", "of each replica, the last lines so far", count, 100)
    .addOption(new Option("--since <duration>", "lines of this time only, such as 10m").argParser(durationMs))
    .addOption(outputOption());
  return addExamples(command, [
    ["plane logs", "what all controllers say, and go on to say"],
    ["plane logs -l warn -c route-controller", "what one of them finds wrong"],
    ["plane logs --no-follow --since 1h -o json", "the last hour, for a script"],
  ]);
}
