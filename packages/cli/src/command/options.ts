import { type Command, InvalidArgumentError, Option } from "commander";

/** Which cluster and namespace, as kubectl has it. */
export interface ClusterFlags {
  kubeconfig?: string;
  context?: string;
  namespace: string;
}

/** Where the operator lives unless another namespace is named. */
export const defaultNamespace = "datalayer-runtimes";

/** The release that commands mean unless another one is named. */
export const defaultRelease = "datalayer-operator";

/** Adds the options by which kubectl finds a cluster. */
export function addClusterOptions(command: Command): Command {
  return command
    .option("-n, --namespace <name>", "namespace of the release", defaultNamespace)
    .option("--context <name>", "context of the kubeconfig (default: the current one)")
    .option("--kubeconfig <file>", "kubeconfig to use (default: $KUBECONFIG, else ~/.kube/config)");
}

/** How data is written: for people, or for programs. */
export type OutputFormat = "text" | "json" | "yaml";

/** The flag that chooses. */
export interface OutputFlags {
  output: OutputFormat;
}

/** The option `-o`. */
export function outputOption(): Option {
  return new Option("-o, --output <format>", "how to write it")
    .choices(["text", "json", "yaml"])
    .default("text");
}

const MS_PER_UNIT: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** Reads a duration such as `30s`, `5m` or `1h30m`; in milliseconds. */
export function durationMs(text: string): number {
  const parts = [...text.matchAll(/(\d+)([hms])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) {
    throw new InvalidArgumentError("Expected a duration such as 30s, 5m or 1h30m.");
  }
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (MS_PER_UNIT[unit ?? ""] ?? 0), 0);
}

/** Reads a whole number of at least 0. */
export function count(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("Expected a whole number of at least 0.");
  return Number(text);
}

/** For options that may be given several times. */
export function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

/** Adds examples to the help of a command: each a line to type and what it does. */
export function addExamples(command: Command, examples: readonly (readonly [string, string])[]): Command {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, meaning]) => `  ${line.padEnd(width)}  ${meaning}`);
  return command.addHelpText("after", `\nExamples:\n${lines.join("\n")}`);
}
