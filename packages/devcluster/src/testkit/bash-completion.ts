import { debianPackages } from "../provision/debian.ts";
import { testProvisioner } from "./test-provisioner.ts";

/** The path of what a shell's start-up files source where bash completes words, unpacked if it is not in the cache. */
export async function provideBashCompletion(): Promise<string> {
  const step = await debianPackages({
    name: "bash-completion",
    packages: ["bash-completion"],
    provides: { script: "usr/share/bash-completion/bash_completion" },
  });
  return (await testProvisioner().provide(step)).paths.script;
}
