import { join } from "node:path";
import { UserError } from "@datalayer/devcluster/errors";
import { execa } from "execa";

const root = join(import.meta.dirname, "../..");

/**
 * The arguments with which Node runs the controller: the bundle that is shipped, after the options it is shipped
 * with. V8 would take 128 MiB for young objects on a large machine, whatever lives in it, and let old ones grow to
 * several times what is in use before it looks; these keep 5,000 Pods within 150 MiB, at no more processor time.
 */
export const controllerArgs: readonly string[] = [
  "--max-semi-space-size=4",
  "--heap-growing-percent=45",
  join(root, "packages/runtime-controller/dist/main.js"),
];

/** Builds the bundle, unless Nx finds that the one there is up to date. @throws UserError with the build's output. */
export async function buildController(): Promise<void> {
  const built = await execa("nx", ["run", "@datalayer/runtime-controller:build"], {
    cwd: root,
    all: true,
    reject: false,
    preferLocal: true,
    env: { NX_DAEMON: "false" },
  });
  if (built.failed) throw new UserError(`The controller could not be built:\n${built.all}`);
}
