import { spawn } from "node:child_process";
import { once } from "node:events";
import { startCluster } from "../cluster/cluster.ts";
import { UserError } from "../errors.ts";
import type { CommandContext } from "./commands.ts";
import { Interrupted } from "./signals.ts";
import { clusterOptions, defaultName, type ClusterFlags } from "./options.ts";

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
  signal.throwIfAborted();
  const [command = "", ...args] = argv;
  // eslint-disable-next-line no-restricted-properties -- handed on, not read
  const child = spawn(command, args, { stdio: "inherit", env: { ...process.env, ...variables } });
  const passOn = () => {
    // Ctrl-C reaches the command by itself, and a second signal would cut its own cleaning short.
    if (!(signal.reason instanceof Interrupted && signal.reason.signal === "SIGINT")) {
      child.kill("SIGTERM");
    }
  };
  signal.addEventListener("abort", passOn);
  const [code] = (await once(child, "exit").catch(() => {
    throw new UserError(`\`${command}\` cannot be run: is it installed?`);
  })) as [number | null];
  signal.throwIfAborted();
  return code ?? 1;
}
