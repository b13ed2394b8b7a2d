import { access } from "node:fs/promises";
import type { ClusterContext } from "../cluster/context.ts";
import { UserError } from "../errors.ts";
import { findProgram } from "../provision/provisioner.ts";

/**
 * A node runs in a process and a mount namespace of its own.
 *
 * Guarantees: when the first process ends, the kernel ends every other one (kubelet, containerd, shims,
 * containers) and releases every mount and Pod network namespace, whoever killed it. So nothing has to be found
 * and cleaned up, and nothing of a node can be mistaken for a part of another.
 *
 * Programs that keep files in fixed places find empty folders there, which are in memory and go with the node.
 */
export interface NodeNamespaces {
  /** A command line that runs another in the node. */
  enter(command: string, args: readonly string[]): { command: string; args: string[] };
  /** Where this machine finds a path that the node made in a place of its own, such as a socket below /run. */
  outside(path: string): string;
}

/** Folders whose content the node does not see, and does not leave anything in. */
const ownFolders = ["/run", "/var/lib", "/var/log"];

/**
 * What kubelet sets for the whole machine. Here it finds these values in files of the node's own, and the machine
 * keeps its settings.
 */
const kernelSettings = {
  "vm/overcommit_memory": 1,
  "vm/panic_on_oom": 0,
  "kernel/panic": 10,
  "kernel/panic_on_oops": 1,
  "kernel/keys/root_maxkeys": 1_000_000,
  "kernel/keys/root_maxbytes": 25_000_000,
};

/**
 * `$1` appears when the namespaces are ready; `$2` is the first process. Mounts are shared inside, since kubelet
 * hands them on to containers.
 */
const script = `
mount --make-rshared /
for dir in ${ownFolders.join(" ")}; do mount -t tmpfs -o mode=755 tmpfs "$dir"; done
set_kernel() { mkdir -p "/run/sys/\${1%/*}"; echo "$2" >"/run/sys/$1"; mount --bind "/run/sys/$1" "/proc/sys/$1"; }
${Object.entries(kernelSettings)
  .map(([name, value]) => `set_kernel ${name} ${value}`)
  .join("\n")}
touch "$1"
exec "$2"
`;

/**
 * Makes the namespaces of a node.
 *
 * @param pauseProgram the first process: it waits, and reaps what is left to it
 * @param needed paths that the node has to see; throws a `UserError` when its own folders would hide one
 */
export async function startNamespaces(
  context: ClusterContext,
  options: { pauseProgram: string; needed: readonly string[] },
): Promise<NodeNamespaces> {
  refuseHidden([context.state.dir, options.pauseProgram, ...options.needed]);
  const [unshare, nsenter] = await Promise.all([program(context, "unshare"), program(context, "nsenter")]);
  const marker = context.state.path("node-namespaces");
  const holder = await context.supervisor.start({
    name: "node",
    command: unshare,
    args: [
      ...["--mount", "--propagation=private", "--pid", "--fork", "--kill-child", "--mount-proc"],
      ...["sh", "-euc", script, "node", marker, options.pauseProgram],
    ],
    graceful: false,
    ready: () => access(marker).then(() => true),
  });
  const proc = `/proc/${holder.record.process.pid}`;
  const namespaces = [`--mount=${proc}/ns/mnt`, `--pid=${proc}/ns/pid_for_children`];
  return {
    enter: (command, args) => ({
      command: nsenter,
      args: [...namespaces, "--", command, ...args],
    }),
    outside: (path) => `${proc}/root${path}`,
  };
}

async function program(context: ClusterContext, name: string): Promise<string> {
  const path = await findProgram([name], context.searchPath);
  if (path === undefined) {
    throw new UserError(`\`${name}\` is needed and not installed: install the package util-linux.`);
  }
  return path;
}

/** Throws a `UserError` for a path that lies in a folder of which the node has its own. */
export function refuseHidden(paths: readonly string[]): void {
  for (const path of paths) {
    const folder = ownFolders.find((own) => path.startsWith(`${own}/`));
    if (folder !== undefined) {
      throw new UserError(
        `A real node cannot use ${path}, because it has a ${folder} of its own: set XDG_CACHE_HOME and XDG_STATE_HOME to folders elsewhere.`,
      );
    }
  }
}
