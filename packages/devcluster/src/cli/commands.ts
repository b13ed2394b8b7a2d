import { spawn } from "node:child_process";
import { once } from "node:events";
import { ClusterDirectory, removeCluster } from "../cluster/directory.ts";
import { openCluster } from "../cluster/running.ts";
import { clusterStatus } from "../cluster/status.ts";
import { UserError } from "../errors.ts";
import type { Progress } from "../progress/progress.ts";
import type { Settings } from "../settings.ts";
import { exportLines, statusText } from "./text.ts";

/** What every command works with. */
export interface CommandContext {
  settings: Settings;
  progress: Progress;
  /** Aborted when the reader wants the command to end. */
  signal: AbortSignal;
  /** Writes to standard output. */
  print: (text: string) => void;
}

/** Ends a cluster; having none with that name is no error. */
export async function down(context: CommandContext, flags: { name: string }): Promise<void> {
  const state = new ClusterDirectory(context.settings.stateDir).state(flags.name);
  if ((await state.readCluster()) === undefined) {
    context.progress.tell(`There is no cluster "${flags.name}".`);
  }
  await removeCluster(state);
}

/** Prints what each cluster runs. */
export async function status(
  context: CommandContext,
  flags: { name?: string; output: "text" | "json" },
): Promise<void> {
  const directory = new ClusterDirectory(context.settings.stateDir);
  const names = flags.name === undefined ? await directory.names() : [flags.name];
  const nowMs = Date.now();
  const found = await Promise.all(names.map((name) => clusterStatus(directory.state(name), nowMs)));
  const clusters = found.filter((cluster) => cluster !== undefined);
  if (flags.output === "json") {
    context.print(JSON.stringify(clusters, null, 2));
  } else {
    context.print(clusters.length === 0 ? "No cluster." : clusters.map(statusText).join("\n\n"));
  }
}

/** Prints shell lines by which programs find a cluster. */
export async function env(context: CommandContext, flags: { name: string }): Promise<void> {
  context.print(exportLines(await openCluster(flags.name, context.settings)));
}

/** Prints the log of one component, and with `follow` what is added to it until interrupted. */
export async function logs(
  context: CommandContext,
  component: string | undefined,
  flags: { name: string; follow?: boolean },
): Promise<void> {
  const state = new ClusterDirectory(context.settings.stateDir).state(flags.name);
  const components = await state.readComponents();
  const chosen = components.find(({ name }) => name === component);
  if (chosen === undefined) {
    const known = components.map(({ name }) => name).join(", ") || "none";
    throw new UserError(`Name one of the components of cluster "${flags.name}": ${known}.`);
  }
  const args = ["--lines=+1", ...(flags.follow ? ["--follow"] : []), chosen.logPath];
  const tail = spawn("tail", args, { stdio: "inherit" });
  context.signal.addEventListener("abort", () => tail.kill());
  await once(tail, "exit");
}
