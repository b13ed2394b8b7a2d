import { access, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { identify } from "../process/identity.ts";
import { run } from "../process/run.ts";
import type { ClusterState } from "../process/state.ts";

/** What a real node has on this machine while it runs, by names that no other cluster uses. */
export interface NodeTraces {
  /** The cluster's own folder. */
  stateDir: string;
  /** Bridge and the Pods' ends on it. */
  links: string[];
  cgroups: string[];
  /** Process, mount and network namespaces, such as `pid:[4026532000]`. */
  namespaces: string[];
}

/** Looks up what the node of a running cluster has made. */
export async function nodeTraces(state: ClusterState): Promise<NodeTraces> {
  const undos = await state.readUndos();
  const bridges = undos.flatMap((entry) => (entry.kind === "link" ? [entry.name] : []));
  const holder = (await state.readComponents()).find((component) => component.name === "node");
  const pidNamespace = await namespaceOf(holder?.process.pid ?? 0, "pid_for_children");
  const inside = withDescendants(await runningProcesses(), (entry) =>
    entry.namespaces.includes(pidNamespace),
  );
  const host = await Promise.all(["pid", "mnt", "net"].map((kind) => namespaceOf(process.pid, kind)));
  const namespaces = new Set(
    inside.flatMap((entry) => entry.namespaces).filter((namespace) => !host.includes(namespace)),
  );
  return {
    stateDir: state.dir,
    links: [...bridges, ...(await Promise.all(bridges.map(portsOf))).flat()],
    cgroups: undos.flatMap((entry) => (entry.kind === "cgroup" ? [entry.path] : [])),
    namespaces: [...namespaces],
  };
}

/** Which of those are still there, and mounts of this machine that belong to the cluster; for a reader. */
export async function leftovers(traces: NodeTraces): Promise<string[]> {
  const found: string[] = [];
  const links = await linkNames([]);
  found.push(...traces.links.filter((name) => links.includes(name)));
  const namespaces = (await runningProcesses()).flatMap((entry) => entry.namespaces);
  found.push(...traces.namespaces.filter((name) => namespaces.includes(name)));
  const mounts = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  found.push(...mounts.filter((line) => line.includes(traces.stateDir)));
  for (const path of [traces.stateDir, ...(await cgroupDirs(traces.cgroups))]) {
    found.push(...((await exists(path)) ? [path] : []));
  }
  return found;
}

async function portsOf(bridge: string): Promise<string[]> {
  return linkNames(["master", bridge]);
}

async function linkNames(filter: readonly string[]): Promise<string[]> {
  const links = JSON.parse((await run("ip", ["-json", "link", "show", ...filter])) || "[]") as {
    ifname: string;
  }[];
  return links.map((link) => link.ifname);
}

interface RunningProcess {
  pid: number;
  parent: number;
  namespaces: string[];
}

async function runningProcesses(): Promise<RunningProcess[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const running = (await Promise.all(pids.map(identify))).filter((identity) => identity !== undefined);
  return Promise.all(
    running.map(async ({ pid }) => {
      const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
      const parent = Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]);
      const namespaces = await Promise.all(["pid", "mnt", "net"].map((kind) => namespaceOf(pid, kind)));
      return { pid, parent, namespaces };
    }),
  );
}

/** Containers have namespaces of their own, but are descendants of processes in the node's. */
function withDescendants(
  all: readonly RunningProcess[],
  isRoot: (entry: RunningProcess) => boolean,
): RunningProcess[] {
  const found = new Set(all.filter(isRoot));
  for (const ancestor of found) {
    // A set hands out what is added while it is walked.
    all.filter((entry) => entry.parent === ancestor.pid).forEach((child) => found.add(child));
  }
  return [...found];
}

/** Empty when the process has ended meanwhile. */
async function namespaceOf(pid: number, kind: string): Promise<string> {
  return readlink(`/proc/${pid}/ns/${kind}`).catch(() => "");
}

async function cgroupDirs(paths: readonly string[]): Promise<string[]> {
  const root = "/sys/fs/cgroup";
  const hierarchies = ["", ...(await readdir(root))];
  return hierarchies.flatMap((hierarchy) => paths.map((path) => join(root, hierarchy, path)));
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
