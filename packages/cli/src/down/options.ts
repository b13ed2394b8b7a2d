import { type Command, Option } from "commander";
import {
  addClusterOptions,
  addExamples,
  type ClusterFlags,
  durationMs,
  outputOption,
  type OutputFlags,
} from "../command/options.ts";

/** The flags of `plane down`. */
export interface DownFlags extends ClusterFlags, OutputFlags {
  yes?: boolean;
  leaveRuntimes?: boolean;
  ignoreNotFound?: boolean;
  timeout: number;
}

/** Declares the command. */
export function downOptions(command: Command): Command {
  addClusterOptions(command)
    .argument("<release>", "name of the release")
    .option("-y, --yes", "do not ask")
    .option(
      "--leave-runtimes",
      "go on although users have runtimes: they run on, and nobody ends or meters them",
    )
    .option("--ignore-not-found", "having no such release is no error")
    .addOption(
      new Option("--timeout <duration>", "how long to wait until the controllers have ended")
        .argParser(durationMs)
        .default(120_000, "2m"),
    )
    .addOption(outputOption());
  return addExamples(command, [
    ["plane down datalayer-operator", "remove the release; kinds, pools and runtimes stay"],
    ["plane down datalayer-operator --yes --context test", "without asking, on another cluster"],
  ]);
}
