import { access, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ClusterContext } from "../cluster/context.ts";

const cgroupRoot = "/sys/fs/cgroup";

/** What kubelet limits Pods by; it refuses a parent group that lacks one of them. */
const controllers = ["cpu", "cpuset", "hugetlb", "io", "memory", "pids"];

/** Makes the control group that holds all Pods of a node, in every hierarchy. `path` starts with "/". */
export async function createCgroup(context: ClusterContext, path: string): Promise<void> {
  await context.state.recordUndo({ kind: "cgroup", path });
  if (await isVersion2(cgroupRoot)) {
    await delegate(cgroupRoot);
    await mkdir(join(cgroupRoot, path), { recursive: true });
    return;
  }
  for (const hierarchy of await readdir(cgroupRoot)) {
    await mkdir(join(cgroupRoot, hierarchy, path), { recursive: true });
  }
}

function isVersion2(dir: string): Promise<boolean> {
  return access(join(dir, "cgroup.controllers")).then(
    () => true,
    () => false,
  );
}

/** Version 2 gives a child only the controllers that its parent hands on; one that the kernel lacks is left out. */
async function delegate(dir: string): Promise<void> {
  for (const controller of controllers) {
    await writeFile(join(dir, "cgroup.subtree_control"), `+${controller}`).catch(() => undefined);
  }
}
