import { readFile } from "node:fs/promises";

/** Settings of kernels by which ordinary users make no namespaces: Ubuntu's, Debian's, and everybody's limit. */
const restrictions: Readonly<Record<string, string>> = {
  "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1",
  "/proc/sys/kernel/unprivileged_userns_clone": "0",
  "/proc/sys/user/max_user_namespaces": "0",
};

/**
 * How builds are kept apart from this machine: without root, where its kernel lets ordinary users make namespaces. The
 * whole local cluster runs as root, so that it is no loss where that has to be.
 */
export async function isolationHere(read: (path: string) => Promise<string> = readSetting): Promise<string> {
  for (const [path, value] of Object.entries(restrictions)) {
    if ((await read(path)).trim() === value) return "privileged";
  }
  return "rootless";
}

/** Empty where this kernel has no such setting. */
function readSetting(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}
