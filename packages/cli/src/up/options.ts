import { type Command, Option } from "commander";
import {
  addClusterOptions,
  addExamples,
  type ClusterFlags,
  collect,
  durationMs,
  outputOption,
  type OutputFlags,
} from "../command/options.ts";

/** The flags of `plane up`. */
export interface UpFlags extends ClusterFlags, OutputFlags {
  chart?: string;
  chartVersion?: string;
  values: readonly string[];
  set: readonly string[];
  setString: readonly string[];
  setFile: readonly string[];
  resetValues?: boolean;
  dryRun?: boolean;
  exitUnchanged?: boolean;
  wait: boolean;
  timeout: number;
  takeOver?: boolean;
}

/** Declares the command. */
export function upOptions(command: Command): Command {
  addClusterOptions(command)
    .argument("<release>", "name of the release, such as datalayer-operator")
    .argument("[helmFlags...]", "after --: flags that `helm upgrade` gets as they are")
    .option("-f, --values <file>", "values file; may be given several times", collect, [])
    .option("--set <key=value>", "a value; may be given several times", collect, [])
    .option("--set-string <key=value>", "a value that is a text", collect, [])
    .option("--set-file <key=path>", "a value that is read from a file", collect, [])
    .option("--reset-values", "forget the values of the last `up`; they are kept where this one gives none")
    .option(
      "--chart <chart>",
      "folder, archive or oci:// reference (default: $PLANE_CHART, else that of this version)",
    )
    .option("--chart-version <version>", "version of a chart in a registry (default: that of this command)")
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
