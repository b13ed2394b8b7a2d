import type { Command } from "commander";
import { collect } from "../command/options.ts";

/** Which chart, and with which values, as Helm takes them. */
export interface ChartFlags {
  chart?: string;
  chartVersion?: string;
  values: readonly string[];
  set: readonly string[];
  setString: readonly string[];
  setFile: readonly string[];
}

/** Adds the options by which a chart and its values are named. @param when - begins what help says of each. */
export function addChartOptions(command: Command, when = ""): Command {
  return command
    .argument("[helmFlags...]", `${when}after --: flags that \`helm upgrade\` gets as they are`)
    .option("-f, --values <file>", `${when}values file; may be given several times`, collect, [])
    .option("--set <key=value>", `${when}a value; may be given several times`, collect, [])
    .option("--set-string <key=value>", `${when}a value that is a text`, collect, [])
    .option("--set-file <key=path>", `${when}a value that is read from a file`, collect, [])
    .option(
      "--chart <chart>",
      `${when}folder, archive or oci:// reference (default: $PLANE_CHART, else that of this version)`,
    )
    .option(
      "--chart-version <version>",
      `${when}version of a chart in a registry (default: that of this command)`,
    );
}
