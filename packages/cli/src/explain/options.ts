import type { Command } from "commander";
import {
  addClusterOptions,
  addExamples,
  type ClusterFlags,
  outputOption,
  type OutputFlags,
} from "../command/options.ts";

/** The flags of `plane explain`. */
export type ExplainFlags = ClusterFlags & OutputFlags;

/** Declares the command. */
export function explainOptions(command: Command): Command {
  addClusterOptions(command)
    .argument("<kind/name>", "such as pool/python, route/x, image/x, environment/x or runtime/runtime-01k…")
    .addOption(outputOption());
  return addExamples(command, [
    [
      "plane explain pool/python-simple-pool",
      "its environment, runtimes and routes, what keeps it, its Events",
    ],
    ["plane explain runtime/runtime-01kaq2v8c4m3yqf3y1k1w5b7nd", "one runtime"],
  ]);
}
