import { type ClusterName, nameOf } from "../cluster/failures.ts";
import { CommandError, usageError } from "../command/command-error.ts";

/** The chart refuses the values that it was given; `problems` are by the path of each value. */
export class ValuesRefused extends CommandError {
  readonly problems: readonly ValueProblem[];

  constructor(problems: readonly ValueProblem[]) {
    const lines = problems.map(({ path, message }) => `\n  ${path}: ${message}`);
    super(`the chart refuses the values:${lines.join("")}`, { exitCode: 2 });
    this.problems = problems;
  }
}

/** What is wrong with one value. */
export interface ValueProblem {
  /** As one writes it after `--set`: `operator.replicas`. */
  readonly path: string;
  readonly message: string;
  /** The name of a value that the chart does not have. */
  readonly unknown?: string;
}

/** What a message of Helm means; the first pattern that fits. */
const meanings: readonly [RegExp, (match: RegExpExecArray, cluster: ClusterName) => CommandError][] = [
  [
    /^([\s\S]*)is forbidden: (.*)$/m,
    (match, cluster) =>
      new CommandError(`not allowed on ${nameOf(cluster)}: ${match[2] ?? ""}`, {
        next: ["plane check --pre   # lists the rights that are missing"],
      }),
  ],
  [
    /(\S+ ".*?") in namespace "(.*?)" exists and cannot be imported.*?(current value is "(.*?)"|missing key|$)/,
    (match) => {
      const owner = match[4] === undefined ? "nobody's that Helm knows" : `of release "${match[4]}"`;
      const where = match[2] === "" ? "" : ` in namespace ${match[2] ?? ""}`;
      return new CommandError(`${match[1] ?? ""}${where} is there already, and is ${owner}`, {
        next: [
          "plane ls -A   # shows the releases of the cluster; one operator serves all of it",
          "remove the object, or have Helm take it over: plane up RELEASE -- --take-ownership",
        ],
      });
    },
  ],
  [
    /another operation .* is in progress/,
    () =>
      new CommandError("another Helm works on this release at this moment", {
        next: ["wait until it has ended, then try again"],
      }),
  ],
  [
    /(failed to parse|error converting YAML|failed parsing --set)[\s\S]*/,
    (match) => usageError(`values cannot be read: ${match[0].trim()}`),
  ],
  [/open (.*): no such file or directory/, (match) => usageError(`there is no file ${match[1] ?? ""}`)],
  [
    /path "(.*)" not found|Chart\.yaml file is missing|failed to do request|\/v2\/.*|chart ".*" .*not found/,
    (match) =>
      usageError(
        `the chart cannot be read: ${match[0]}`,
        "name one with --chart: a folder, an archive, or oci://HOST/datalayer-charts/operator",
      ),
  ],
];

/** What Helm wrote on standard error when it failed, in words that tell what to do. */
export function explainHelmFailure(
  args: readonly string[],
  stderr: string,
  cluster: ClusterName,
): CommandError {
  const text = stderr
    .split("\n")
    .filter((line) => !/^(level=|Release ".*" does not exist|WARNING:)/.test(line))
    .join("\n")
    .replace(/^Error: (?:UPGRADE FAILED: |INSTALLATION FAILED: )?/, "")
    .trim();
  const problems = refusedValues(text);
  if (problems.length > 0) return new ValuesRefused(problems);
  for (const [pattern, explain] of meanings) {
    const match = pattern.exec(text);
    if (match) return explain(match, cluster);
  }
  return new CommandError(`helm ${args[0] ?? ""} failed: ${text}`);
}

/** Problems that a schema found: below the name of each chart, a line with a JSON pointer and what is wrong. */
function refusedValues(text: string): ValueProblem[] {
  if (!text.includes("don't meet the specifications of the schema")) return [];
  let chart = "";
  return text.split("\n").flatMap((line) => {
    const problem = /^\s*- at '(.*?)': (.*)$/.exec(line);
    if (!problem) {
      chart = /^(\S+):$/.exec(line)?.[1] ?? chart;
      return [];
    }
    return problemsAt([chart, ...(problem[1] ?? "").split("/")].filter(Boolean), problem[2] ?? "");
  });
}

function problemsAt(path: readonly string[], message: string): ValueProblem[] {
  const unknown = /^additional properties (.*) not allowed$/.exec(message)?.[1];
  if (unknown === undefined) return [{ path: path.join("."), message }];
  return [...unknown.matchAll(/'(.*?)'/g)].map(([, name = ""]) => ({
    path: [...path, name].join("."),
    message: "the chart has no such value",
    unknown: name,
  }));
}
