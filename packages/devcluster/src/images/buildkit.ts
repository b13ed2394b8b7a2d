import { chmod, copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { goModuleDir, goTool, requiredVersion } from "../provision/go-tool.ts";
import type { Provisioner } from "../provision/provisioner.ts";
import { toolDir } from "../provision/repository.ts";
import type { ProvisionStep } from "../provision/step.ts";

/** The programs by which BuildKit builds without root, as absolute paths. */
export interface BuildkitPrograms {
  buildkitd: string;
  buildctl: string;
  /** A script of BuildKit that starts a daemon for the one build that it runs. */
  daemonless: string;
  rootlesskit: string;
}

const buildkitModule = "github.com/moby/buildkit";
/** The folder below `tools/` that pins it. */
const buildkitTool = "buildkit";

/** The pinned version of BuildKit, such as `v0.34.2`. */
export async function buildkitVersion(): Promise<string> {
  return requiredVersion(await readFile(join(toolDir(buildkitTool), "go.mod"), "utf8"), buildkitModule);
}

/** The step that builds one program of BuildKit. */
function programStep<Name extends "buildkitd" | "buildctl">(name: Name): Promise<ProvisionStep<Name>> {
  return goTool({
    name,
    tool: buildkitTool,
    module: buildkitModule,
    command: `${buildkitModule}/cmd/${name}`,
    // Goes into the provenance of what is built.
    linkVariables: [`${buildkitModule}/version.Version={version}`],
  });
}

/** The step that builds the client, and takes the script that belongs to it. */
async function clientStep(): Promise<ProvisionStep<"buildctl" | "daemonless">> {
  const client = await programStep("buildctl");
  const daemonless = "bin/buildctl-daemonless.sh";
  return {
    name: client.name,
    version: client.version,
    inputs: client.inputs,
    provides: { ...client.provides, daemonless },
    build: async (dir, context) => {
      await client.build(dir, context);
      const sources = await goModuleDir(buildkitTool, buildkitModule, context);
      const script = join(sources, "examples", "buildctl-daemonless", "buildctl-daemonless.sh");
      await copyFile(script, join(dir, daemonless));
      await chmod(join(dir, daemonless), 0o755);
    },
  };
}

/** The step that builds RootlessKit, which is root for BuildKit alone. */
function rootlesskitStep(): Promise<ProvisionStep<"rootlesskit">> {
  const module = "github.com/rootless-containers/rootlesskit/v3";
  return goTool({ name: "rootlesskit", tool: "rootlesskit", module, command: `${module}/cmd/rootlesskit` });
}

/** Provides the programs, one after the other: each build uses every core. */
export async function provideBuildkit(provisioner: Provisioner): Promise<BuildkitPrograms> {
  const daemon = await provisioner.provide(await programStep("buildkitd"));
  const client = await provisioner.provide(await clientStep());
  const rootless = await provisioner.provide(await rootlesskitStep());
  return { ...daemon.paths, ...client.paths, ...rootless.paths };
}
