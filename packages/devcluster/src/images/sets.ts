import type { Provisioner } from "../provision/provisioner.ts";
import { provideBuildImages } from "./build-images.ts";
import { provideControllerImages } from "./controllers.ts";
import type { LocalImage } from "./images.ts";

/** What only some clusters need: `builds` to build images, `controllers` to run the operator in Pods. */
export const imageSets = ["builds", "controllers"] as const;

/** The name of a set of images. */
export type ImageSet = (typeof imageSets)[number];

const providers: Readonly<Record<ImageSet, typeof provideBuildImages>> = {
  builds: provideBuildImages,
  controllers: provideControllerImages,
};

/** Builds the images of these sets that are not in the cache. */
export async function provideImageSets(
  sets: readonly ImageSet[],
  provisioner: Provisioner,
  searchPath: readonly string[],
): Promise<LocalImage[]> {
  const images: LocalImage[] = [];
  for (const set of new Set(sets)) {
    images.push(...(await providers[set](provisioner, searchPath)));
  }
  return images;
}
