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
  return buildControllers("runtime-controller");
}

/** The same for the route-controller. @throws UserError */
export function buildRouteController(): Promise<void> {
  return buildControllers("route-controller");
}

/** The same for the image-controller. @throws UserError */
export function buildImageController(): Promise<void> {
  return buildControllers("image-controller");
}

/** The same for several at once. @throws UserError */
export async function buildControllers(...names: readonly string[]): Promise<void> {
  const projects = names.map((name) => `@datalayer/${name}`).join(",");
  const built = await execa("nx", ["run-many", "--targets=build", `--projects=${projects}`], {
    cwd: root,
    all: true,
    reject: false,
    preferLocal: true,
    env: { NX_DAEMON: "false" },
  });
  if (built.failed) throw new UserError(`The ${names.join(", ")} could not be built:\n${built.all}`);
}
