import { readFile } from "node:fs/promises";
import { run } from "../process/run.ts";
import { findProgram } from "../provision/provisioner.ts";

const programs = { unshare: "util-linux", nsenter: "util-linux", ip: "iproute2" };

/**
 * Why this machine cannot run a real node, as the end of a sentence; undefined when it can.
 *
 * @param searchPath folders in which installed programs are looked up
 */
export async function realNodeObstacle(searchPath: readonly string[]): Promise<string | undefined> {
  if (process.platform !== "linux") {
    return "it needs Linux";
  }
  if (process.getuid?.() !== 0) {
    return "it needs root";
  }
  for (const [program, debianPackage] of Object.entries(programs)) {
    if ((await findProgram([program], searchPath)) === undefined) {
      return `it needs \`${program}\` (package ${debianPackage})`;
    }
  }
  return (await namespaceObstacle()) ?? (await overlayObstacle());
}

/** In a container that is not privileged, root may not do this. */
async function namespaceObstacle(): Promise<string | undefined> {
  const trial = ["--mount", "--net", "--pid", "--fork", "mount", "-t", "tmpfs", "tmpfs", "/tmp"];
  return run("unshare", trial).then(
    () => undefined,
    () => "root may not make mount and network namespaces (a container has to be privileged)",
  );
}

async function overlayObstacle(): Promise<string | undefined> {
  const fileSystems = await readFile("/proc/filesystems", "utf8");
  return /\toverlay$/m.test(fileSystems)
    ? undefined
    : "the kernel's overlay module is not loaded (`modprobe overlay`)";
}
