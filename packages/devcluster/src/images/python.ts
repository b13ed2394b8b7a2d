import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { toolDir } from "../provision/repository.ts";
import type { ProvisionStep } from "../provision/step.ts";
import type { DebianBase } from "./debian-base.ts";
import { debianPython } from "./debian-root.ts";
import { imageFormat, type ImageConfig, writeOciImage } from "./oci-image.ts";
import { layerOptions, writeLayerTar } from "./layer.ts";
import { installEnvironment } from "./wheels.ts";

const environment = "/opt/python";

const config: ImageConfig = {
  Entrypoint: ["python"],
  Env: [
    `PATH=${environment}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    "LANG=C.UTF-8",
  ],
};

/**
 * The step that builds the Python image, on which environments are built: the Debian base, and above it a virtual
 * environment with pip, first in the path. Debian's own Python refuses installations by pip. Needs root.
 */
export async function pythonStep(base: DebianBase): Promise<ProvisionStep<"image">> {
  const requirements = join(toolDir(join("images", "python")), "requirements.txt");
  const text = await readFile(requirements, "utf8");
  return {
    name: "image-python",
    version: debianPython,
    inputs: [imageFormat, ...layerOptions, text, base.paths.image, environment, JSON.stringify(config)],
    provides: { image: "image" },
    build: async (dir, context) => {
      const root = join(dir, "root");
      await mkdir(root);
      await context.run("tar", ["-C", root, "-xf", base.paths.rootfs]);
      await installEnvironment(root, { environment, requirements }, context);
      const layer = join(dir, "layer.tar");
      await writeLayerTar(layer, root, [environment.slice(1)], context);
      await writeOciImage(join(dir, "image"), { base: base.paths.image, layers: [layer], config });
      await Promise.all([root, layer].map((path) => rm(path, { recursive: true })));
    },
  };
}
