import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { goModuleDir, goTool, requiredVersion } from "../provision/go-tool.ts";
import type { Provisioner } from "../provision/provisioner.ts";
import { toolDir } from "../provision/repository.ts";
import type { BuildContext, ProvisionStep } from "../provision/step.ts";

/** The programs by which BuildKit builds without root, as absolute paths. */
export interface BuildkitPrograms {
  buildkitd: string;
  buildctl: string;
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
function buildkitStep<Name extends "buildkitd" | "buildctl">(name: Name): Promise<ProvisionStep<Name>> {
  return goTool({
    name,
    tool: buildkitTool,
    module: buildkitModule,
    command: `${buildkitModule}/cmd/${name}`,
    // Goes into the provenance of what is built.
    linkVariables: [`${buildkitModule}/version.Version={version}`],
  });
}

/** The step that builds RootlessKit, which is root for BuildKit alone. */
function rootlesskitStep(): Promise<ProvisionStep<"rootlesskit">> {
  const module = "github.com/rootless-containers/rootlesskit/v3";
  return goTool({ name: "rootlesskit", tool: "rootlesskit", module, command: `${module}/cmd/rootlesskit` });
}

/** Provides the programs, one after the other: each build uses every core. */
export async function provideBuildkit(provisioner: Provisioner): Promise<BuildkitPrograms> {
  const daemon = await provisioner.provide(await buildkitStep("buildkitd"));
  const client = await provisioner.provide(await buildkitStep("buildctl"));
  const rootless = await provisioner.provide(await rootlesskitStep());
  return { ...daemon.paths, ...client.paths, ...rootless.paths };
}

/** The script of BuildKit that starts a daemon for the one build that it runs; a path in Go's module cache. */
export async function daemonlessScript(context: BuildContext): Promise<string> {
  const sources = await goModuleDir(buildkitTool, buildkitModule, context);
  return join(sources, "examples", "buildctl-daemonless", "buildctl-daemonless.sh");
}
