import { UserError } from "../errors.ts";
import { findProgram } from "./provisioner.ts";
import type { BuildContext } from "./step.ts";

/**
 * Path of the Python that fetches wheels.
 * @param purpose - what it fetches.
 * @throws UserError when this machine has no Python 3, or one without pip.
 */
export async function pythonWithPip(
  purpose: string,
  { run, searchPath, signal }: Pick<BuildContext, "run" | "searchPath" | "signal">,
): Promise<string> {
  const python = await findProgram(["python3"], searchPath);
  if (python !== undefined) {
    try {
      await run(python, ["-m", "pip", "--version"]);
      return python;
    } catch {
      signal?.throwIfAborted();
    }
  }
  throw new UserError(`Python 3 with pip is needed to fetch ${purpose}: install python3 and python3-pip.`);
}
