import type { Provisioner } from "../provision/provisioner.ts";
import { provideBuilder } from "./builder.ts";
import { debianBaseStep } from "./debian-base.ts";
import { debianPython, provideDebianTools } from "./debian-root.ts";
import { imageReference, type LocalImage } from "./images.ts";
import { pythonStep } from "./python.ts";

const builder = { repository: "datalayer/buildkit", tag: "0.34.2" };
const python = { repository: "datalayer/python", tag: debianPython };

/** The name by which Pods of the local cluster ask for the image in which images are built. */
export const builderImage = imageReference(builder);

/** The name of the image with Python and pip, as Pods and Dockerfiles of the local cluster ask for it. */
export const pythonImage = imageReference(python);

/** Provides the image in which images are built, and one to build environments on. Needs root. */
export async function provideBuildImages(
  provisioner: Provisioner,
  searchPath: readonly string[],
): Promise<LocalImage[]> {
  const tools = await provideDebianTools(provisioner, searchPath);
  const base = await provisioner.provide(debianBaseStep(tools));
  const { paths } = await provisioner.provide(await pythonStep(base));
  return [
    { ...builder, dir: await provideBuilder(provisioner, tools) },
    { ...python, dir: paths.image },
  ];
}
