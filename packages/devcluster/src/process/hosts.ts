import { readFile, writeFile } from "node:fs/promises";

/** A program and how to call it. */
interface Program {
  command: string;
  args: readonly string[];
}

/** The namespace of mounts is the program's alone, and goes with it. */
const script = 'mount --bind "$0" /etc/hosts && exec "$@"';

/**
 * Has a program resolve names by a hosts file of its own, as it would by the DNS of a cluster, which this one has
 * not. It keeps its process id. Needs root on Linux.
 * @param hostsPath - see {@link writeHosts}.
 */
export function withHosts({ command, args }: Program, hostsPath: string): Program {
  return {
    command: "unshare",
    args: ["--mount", "--propagation", "private", "sh", "-c", script, hostsPath, command, ...args],
  };
}

/** Writes a hosts file with these names beside those that this machine knows. */
export async function writeHosts(
  path: string,
  names: Readonly<Record<string, readonly string[]>>,
): Promise<void> {
  const lines = Object.entries(names).flatMap(([name, addresses]) =>
    addresses.map((address) => `${address} ${name}`),
  );
  const own = await readFile("/etc/hosts", "utf8");
  await writeFile(path, `${own.trimEnd()}\n${lines.join("\n")}\n`);
}
