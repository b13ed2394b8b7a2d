import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { answersOk } from "../cluster/readiness.ts";
import { UserError } from "../errors.ts";
import type { ComponentSpec } from "../process/supervisor.ts";
import { run } from "../process/run.ts";
import { findProgram } from "../provision/provisioner.ts";
import { toolDir } from "../provision/repository.ts";
import type { ProvisionStep } from "../provision/step.ts";

/** The step that installs moto, a server that plays AWS, in a folder of its own, by the committed checksums. */
export async function motoStep(searchPath: readonly string[]): Promise<ProvisionStep<"server">> {
  const requirementsPath = join(toolDir("moto"), "requirements.txt");
  const requirements = await readFile(requirementsPath, "utf8");
  const python = await findPython(searchPath);
  return {
    name: "moto",
    version: /^moto==(\S+)/m.exec(requirements)?.[1] ?? "unknown",
    // Some of the wheels are for one version of Python.
    inputs: [requirements, await run(python, ["--version"], {})],
    provides: { server: "site/moto/server.py" },
    build: async (dir, { note, run: runHere }) => {
      note("installing");
      const strict = ["--require-hashes", "--no-deps", "--only-binary=:all:", "--no-input"];
      const target = ["--target", join(dir, "site"), "--no-compile"];
      await runHere(python, ["-m", "pip", "install", ...strict, ...target, "-r", requirementsPath]);
    },
  };
}

/** The process of moto on a port of loopback. What it is told, it remembers until it ends. */
export async function motoComponent(options: {
  server: string;
  port: number;
  searchPath: readonly string[];
}): Promise<ComponentSpec> {
  const { server, port, searchPath } = options;
  return {
    name: "moto",
    command: await findPython(searchPath),
    args: ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)],
    env: { PYTHONPATH: join(server, "../.."), PYTHONDONTWRITEBYTECODE: "1" },
    port,
    graceful: false,
    ready: (signal) => answersOk(`http://127.0.0.1:${port}/moto-api/`, { signal }),
  };
}

async function findPython(searchPath: readonly string[]): Promise<string> {
  const python = await findProgram(["python3"], searchPath);
  if (python !== undefined) return python;
  throw new UserError("Python 3 with pip is needed to run moto: install python3 and python3-pip.");
}
