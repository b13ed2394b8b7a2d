import { spawn } from "node:child_process";
import { once } from "node:events";
import { ClusterDirectory, removeCluster } from "../cluster/directory.ts";
import { startCluster } from "../cluster/cluster.ts";
import { openCluster } from "../cluster/running.ts";
import { clusterStatus } from "../cluster/status.ts";
import { UserError } from "../errors.ts";
import type { Progress } from "../progress/progress.ts";
import type { Settings } from "../settings.ts";
import { clusterOptions, defaultName, type ClusterFlags } from "./options.ts";
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

/** Starts a cluster that stays until `down`. */
export async function up(context: CommandContext, flags: ClusterFlags): Promise<void> {
  const { settings, progress, signal } = context;
  const name = flags.name ?? defaultName;
  const cluster = await startCluster({
    ...clusterOptions(flags),
    name,
    settings,
    progress,
    signal,
    detached: true,
  });
  progress.tell(`Cluster "${name}" (nodes: ${cluster.nodes}) at ${cluster.server}. To use it in this shell:`);
  progress.tell(`  eval "$(npx devcluster env --name ${name})"`);
}

/** Ends a cluster; having none with that name is no error. */
export async function down(context: CommandContext, flags: { name: string }): Promise<void> {
  const state = new ClusterDirectory(context.settings.stateDir).state(flags.name);
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

/** Runs a command on a cluster of its own and resolves with the command's exit code. */
export async function exec(
  context: CommandContext,
  argv: readonly string[],
  flags: ClusterFlags,
): Promise<number> {
  const { settings, progress, signal } = context;
  const cluster = await startCluster({ ...clusterOptions(flags), settings, progress, signal });
  try {
    return await runWith(cluster.env(), argv, signal);
  } finally {
    await cluster.down();
  }
}

async function runWith(variables: Record<string, string>, argv: readonly string[], signal: AbortSignal) {
  const [command = "", ...args] = argv;
  // eslint-disable-next-line no-restricted-properties -- handed on, not read
  const child = spawn(command, args, { stdio: "inherit", env: { ...process.env, ...variables } });
  // Ctrl-C reaches the command by itself, since it is in the same foreground group; SIGTERM does not.
  signal.addEventListener("abort", () => child.kill("SIGTERM"));
  const [code] = (await once(child, "exit").catch(() => {
    throw new UserError(`\`${command}\` cannot be run: is it installed?`);
  })) as [number | null];
  signal.throwIfAborted();
  return code ?? 1;
}
