import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, UserError } from "../errors.ts";
import { findProgram } from "./provisioner.ts";
import { toolDir } from "./repository.ts";
import type { BuildContext, ProvisionStep } from "./step.ts";

/** A command that is built from a pinned Go module below `tools/`. */
export interface GoTool<Name extends string> {
  name: Name;
  /** The folder below `tools/` whose go.mod and go.sum are the pin. */
  tool: string;
  /** The module that gives the version. */
  module: string;
  /** The package of the command. */
  command: string;
  /** The files of the command, where it is in that folder itself. Default: it is of a module. */
  sources?: readonly string[];
  /** Variables set at link time, `v1.2.3` for `{version}`. */
  linkVariables?: readonly string[];
}

/** The step that builds one command; it provides a program with the step's name. */
export async function goTool<Name extends string>(tool: GoTool<Name>): Promise<ProvisionStep<Name>> {
  const cwd = toolDir(tool.tool);
  const [goMod, goSum] = await Promise.all(
    ["go.mod", "go.sum"].map((file) => readFile(join(cwd, file), "utf8")),
  );
  const sources = await Promise.all((tool.sources ?? []).map((file) => readFile(join(cwd, file), "utf8")));
  const version = requiredVersion(goMod ?? "", tool.module);
  const link = (tool.linkVariables ?? []).map((variable) => `-X ${variable.replace("{version}", version)}`);
  const flags = ["-trimpath", "-buildvcs=false", "-ldflags", ["-s", "-w", ...link].join(" ")];
  const program = `bin/${tool.name}`;
  return {
    name: tool.name,
    version,
    inputs: [goMod ?? "", goSum ?? "", tool.command, ...flags, ...sources],
    provides: { [tool.name]: program } as Record<Name, string>,
    build: async (dir, context) => {
      const go = await findGo(cwd, context);
      context.note("compiling");
      const env = { CGO_ENABLED: "0" };
      await context.run(go, ["build", ...flags, "-o", join(dir, program), tool.command], { cwd, env });
    },
  };
}

/** The folder of a module's sources in Go's module cache, fetched if it is not there yet. */
export async function goModuleDir(tool: string, module: string, context: BuildContext): Promise<string> {
  const cwd = toolDir(tool);
  const go = await findGo(cwd, context);
  await context.run(go, ["mod", "download", module], { cwd });
  const dir = await context.run(go, ["list", "-m", "-f", "{{.Dir}}", module], { cwd });
  return dir.trim();
}

/** The version that a go.mod requires of `module`. */
export function requiredVersion(goMod: string, module: string): string {
  const line = goMod.split("\n").find((text) =>
    text
      .trim()
      .replace(/^require /, "")
      .startsWith(`${module} `),
  );
  const version = line
    ?.trim()
    .replace(/^require /, "")
    .split(" ")[1];
  if (version === undefined) {
    throw new Error(`go.mod does not require ${module}`);
  }
  return version;
}

/** The first Go that fetches the toolchain which a go.mod asks for by itself. */
const oldestGo = { major: 1, minor: 21 };

const goHint = "install it from https://go.dev/dl (1.21 or later: it fetches the exact toolchain by itself)";

/** The path of a Go that can build the tool in `cwd`. Rejects with a `UserError` when there is none. */
async function findGo(cwd: string, { run, searchPath }: BuildContext): Promise<string> {
  const go = await findProgram(["go"], searchPath);
  if (go === undefined) {
    throw new UserError(`Go is needed to build the local cluster and not installed: ${goHint}.`);
  }
  // Outside the module, since inside it an old Go fails before it says how old it is.
  const output = await run(go, ["version"], { cwd: "/" });
  if (!isRecentGo(output)) {
    throw new UserError(`${output.trim()} is too old to build the local cluster: ${goHint}.`);
  }
  await run(go, ["version"], { cwd }).catch((error: unknown): never => {
    throw new UserError(`The installed Go cannot build the local cluster: ${goHint}.\n${messageOf(error)}`);
  });
  return go;
}

/** Whether the output of `go version` names a release that can build the tools. */
export function isRecentGo(goVersionOutput: string): boolean {
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(goVersionOutput) ?? [];
  const [haveMajor, haveMinor] = [Number(major), Number(minor)];
  return haveMajor > oldestGo.major || (haveMajor === oldestGo.major && haveMinor >= oldestGo.minor);
}
