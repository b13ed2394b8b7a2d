import type { Provisioner } from "../provision/provisioner.ts";
import { type ControllerImage, provideController } from "./controller-image.ts";
import { gitProgram } from "./git-program.ts";
import type { LocalImage } from "./images.ts";
import { provideNodeBase } from "./node-base.ts";

const controllers: readonly ControllerImage[] = [
  { name: "runtime-controller" },
  { name: "route-controller" },
  { name: "image-controller", debian: gitProgram },
];

/**
 * Provides an image of each controller. The same sources and pins give the same digests. Needs root, for Debian's
 * packages.
 *
 * `tools/images/controller/Dockerfile` is the same image for those who have a builder.
 */
export async function provideControllerImages(provisioner: Provisioner): Promise<LocalImage[]> {
  const base = await provideNodeBase(provisioner);
  const images: LocalImage[] = [];
  for (const controller of controllers) {
    images.push(await provideController(controller, base, provisioner));
  }
  return images;
}
