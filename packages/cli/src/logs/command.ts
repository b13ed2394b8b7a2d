import { type Cluster, withCluster } from "../cluster/cluster.ts";
import { CommandError } from "../command/command-error.ts";
import type { CommandContext } from "../command/context.ts";
import { stringify } from "yaml";
import type { OutputFormat } from "../command/options.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { followLines, type FollowOptions, gatherPods, readLines } from "./follow.ts";
import { dataOf, isShown, type LogLine, textOf } from "./line.ts";
import type { LogsFlags } from "./options.ts";

/** `plane logs`: what the controllers say, all together. */
export async function logs(context: CommandContext, release: string, flags: LogsFlags): Promise<void> {
  await withCluster(context, flags, async (cluster) => {
    const { terminal, signal } = context;
    const troubles = new Set<string>();
    const write = writer(terminal, flags.output);
    const options: FollowOptions = {
      release,
      controllers: flags.controller,
      selection: {
        tailLines: flags.tail,
        ...(flags.since !== undefined && { sinceSeconds: Math.max(1, Math.ceil(flags.since / 1000)) }),
      },
      signal,
      onLine: (line) => {
        if (isShown(line, flags.level)) write(line);
      },
      onTrouble: (text) => {
        troubles.add(text);
        terminal.tell(`${terminal.paint("yellow", "Warning:")} ${text}`);
      },
    };
    if ((await gatherPods(cluster, options)).length === 0) throw nothing(cluster, release, flags);
    if (flags.follow) return followLines(cluster, options);
    const lines = await readLines(cluster, options);
    for (const line of lines) options.onLine(line);
    if (lines.length === 0 && troubles.size > 0) throw new CommandError("no log could be read");
  });
}

function writer(terminal: Terminal, output: OutputFormat): (line: LogLine) => void {
  if (output === "json") return (line) => terminal.out(JSON.stringify(dataOf(line)));
  if (output === "yaml") return (line) => terminal.out(`---\n${stringify(dataOf(line)).trimEnd()}`);
  const isColoured = terminal.paintOut("red", "x") !== "x";
  return (line) => terminal.out(textOf(line, { isColoured }));
}

function nothing({ namespace }: Cluster, release: string, { controller }: LogsFlags): CommandError {
  const of = controller.length === 0 ? "" : ` of ${controller.join(", ")}`;
  return new CommandError(`release "${release}" has no Pods${of} in namespace ${namespace}`, {
    next: ["plane ls -A   # shows the releases of the cluster", `plane status ${release} -n ${namespace}`],
  });
}
