import { type Command, Option } from "commander";
import {
  addClusterOptions,
  addExamples,
  type ClusterFlags,
  durationMs,
  outputOption,
  type OutputFlags,
} from "../command/options.ts";
import { addChartOptions, type ChartFlags } from "./chart-options.ts";

/** The flags of `plane up`. */
export interface UpFlags extends ClusterFlags, OutputFlags, ChartFlags {
  resetValues?: boolean;
  dryRun?: boolean;
  exitUnchanged?: boolean;
  wait: boolean;
  timeout: number;
  takeOver?: boolean;
}

/** Declares the command. */
export function upOptions(command: Command): Command {
  addClusterOptions(command).argument("<release>", "name of the release, such as datalayer-operator");
  addChartOptions(command)
    .option("--reset-values", "forget the values of the last `up`; they are kept where this one gives none")
    .option("--dry-run", "print what would change, and change nothing")
    .option("--exit-unchanged", "with --dry-run: exit code 3 when nothing would change")
    .option("--no-wait", "do not wait until the controllers are ready")
    .addOption(
      new Option("--timeout <duration>", "how long to wait").argParser(durationMs).default(300_000, "5m"),
    )
    .option("--take-over", "go on although Helm seems to be at work on the release")
    .addOption(outputOption());
  return addExamples(command, [
    ["plane up datalayer-operator", "install or upgrade, and wait until it is ready"],
    ["plane up datalayer-operator -f values.yaml --dry-run", "what would change"],
    ["plane up datalayer-operator --chart oci://HOST/datalayer-charts/operator", "from a registry"],
    ["plane up datalayer-operator --set operator.replicas=3 --context prod", "on another cluster"],
  ]);
}
