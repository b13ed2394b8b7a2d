import { join } from "node:path";
import { nodeOptions } from "@datalayer/devcluster/controllers";
import { UserError } from "@datalayer/devcluster/errors";
import { execa } from "execa";

const root = join(import.meta.dirname, "../..");

/** The arguments with which Node runs the runtime-controller: the bundle that is shipped, after its options. */
export const controllerArgs = argsOf("runtime-controller");
/** The same for the route-controller. */
export const routeControllerArgs = argsOf("route-controller");
/** The same for the image-controller. */
export const imageControllerArgs = argsOf("image-controller");

function argsOf(project: string): readonly string[] {
  return [...nodeOptions, join(root, "packages", project, "dist/main.js")];
}

/** Builds the bundle, unless Nx finds that the one there is up to date. @throws UserError with the build's output. */
export function buildController(): Promise<void> {
  return build("runtime-controller");
}

/** The same for the route-controller. @throws UserError */
export function buildRouteController(): Promise<void> {
  return build("route-controller");
}

/** The same for the image-controller. @throws UserError */
export function buildImageController(): Promise<void> {
  return build("image-controller");
}

async function build(project: string): Promise<void> {
  const built = await execa("nx", ["run", `@datalayer/${project}:build`], {
    cwd: root,
    all: true,
    reject: false,
    preferLocal: true,
    env: { NX_DAEMON: "false" },
  });
  if (built.failed) throw new UserError(`The ${project} could not be built:\n${built.all}`);
}
