import type { Command } from "commander";
import {
  addClusterOptions,
  addExamples,
  type ClusterFlags,
  defaultRelease,
  outputOption,
  type OutputFlags,
} from "../command/options.ts";

/** The flags of `plane status`. */
export type StatusFlags = ClusterFlags & OutputFlags;

/** Declares the command. */
export function statusOptions(command: Command): Command {
  addClusterOptions(command)
    .argument("[release]", "name of the release", defaultRelease)
    .addOption(outputOption());
  return addExamples(command, [
    ["plane status", "controllers, kinds, pools, images and routes; exit code 1 when something is wrong"],
    ["plane status -o json", "the same for a script"],
  ]);
}
