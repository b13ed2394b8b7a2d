import type { Provisioner } from "../provision/provisioner.ts";
import { debianBaseStep } from "./debian-base.ts";
import { debianRelease, provideDebianTools } from "./debian-root.ts";
import { gitContentStep } from "./git-content.ts";
import { jupyterStep } from "./jupyter.ts";
import { pauseStep } from "./pause.ts";

/** An image of the local cluster's registry. */
export interface LocalImage {
  repository: string;
  tag: string;
  /** The OCI image layout that holds it. */
  dir: string;
}

/** The images every real node has, and the pause program itself. */
export interface LocalImages {
  pause: LocalImage;
  jupyter: LocalImage;
  gitContent: LocalImage;
  debian: LocalImage;
  pauseProgram: string;
}

/** The same name in every cluster, whatever port its registry has: nodes know it as an alias. */
export const registryAlias = "registry.localhost";

/** The name by which Pods of the local cluster ask for an image. */
export function imageReference(image: Pick<LocalImage, "repository" | "tag">): string {
  return `${registryAlias}/${image.repository}:${image.tag}`;
}

/** Under the name that the runtime-controller asks for by default. */
const gitContent = { repository: "datalayer/git-content", tag: "0.1.0" };
const jupyter = { repository: "datalayer/jupyter", tag: "dev" };

/** The name by which Pods of the local cluster ask for the Jupyter image. */
export const jupyterImage = imageReference(jupyter);

/** Builds the images that are not in the cache. */
export async function provideImages(
  provisioner: Provisioner,
  searchPath: readonly string[],
): Promise<LocalImages> {
  const pause = await provisioner.provide(await pauseStep());
  const tools = await provideDebianTools(provisioner, searchPath);
  const debian = await provisioner.provide(debianBaseStep(tools));
  const jupyterBuild = await provisioner.provide(await jupyterStep(debian));
  const gitContentBuild = await provisioner.provide(await gitContentStep(tools));
  return {
    gitContent: { ...gitContent, dir: gitContentBuild.paths.image },
    pause: { repository: "datalayer/pause", tag: "dev", dir: pause.paths.image },
    debian: { repository: "datalayer/debian", tag: debianRelease, dir: debian.paths.image },
    jupyter: { ...jupyter, dir: jupyterBuild.paths.image },
    pauseProgram: pause.paths.program,
  };
}
