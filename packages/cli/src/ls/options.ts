import type { Command } from "commander";
import {
  addClusterOptions,
  addExamples,
  type ClusterFlags,
  outputOption,
  type OutputFlags,
} from "../command/options.ts";

/** The flags of `plane ls`. */
export interface LsFlags extends ClusterFlags, OutputFlags {
  allNamespaces?: boolean;
}

/** Declares the command. */
export function lsOptions(command: Command): Command {
  addClusterOptions(command).option("-A, --all-namespaces", "of every namespace").addOption(outputOption());
  return addExamples(command, [
    ["plane ls", "the releases of the operator's namespace"],
    ["plane ls -A -o json", "those of the cluster, for a script"],
  ]);
}
