import { mkdir } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import type { ProvisionStep } from "../provision/step.ts";
import { imageFormat, writeOciImage } from "./oci-image.ts";

/** The Debian release of the images, and the Python that it brings. */
export const debianRelease = "bookworm";
export const debianPython = "3.11";

const packages = ["ca-certificates", "python3"];
/** Never read in a container; a quarter of the size. */
const excluded = ["/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/man/*"];

/**
 * The step that builds the Debian base image: the smallest Debian that has apt, with Python.
 *
 * Needs root, apt and the network. Provides the image and, as `rootfs`, its only layer.
 */
export function debianBaseStep(inputs: {
  mmdebstrap: string;
  searchPath: readonly string[];
}): ProvisionStep<"rootfs" | "image"> {
  return {
    name: "image-debian",
    version: debianRelease,
    inputs: [imageFormat, ...packages, ...excluded],
    provides: { rootfs: "rootfs.tar", image: "image" },
    build: async (dir, context) => {
      const temporaryDir = join(dir, "tmp");
      await mkdir(temporaryDir);
      const rootfs = join(dir, "rootfs.tar");
      const options = [
        "--variant=minbase",
        `--include=${packages.join(",")}`,
        ...excluded.map((path) => `--dpkgopt=path-exclude=${path}`),
      ];
      const { mmdebstrap, searchPath } = inputs;
      // It calls programs that lie beside it.
      const path = [dirname(mmdebstrap), ...searchPath].join(delimiter);
      // What it mounts is gone with it, even when it is killed.
      const command = ["--mount", "perl", mmdebstrap, ...options, debianRelease, rootfs];
      await context.run("unshare", command, { env: { TMPDIR: temporaryDir, PATH: path } });
      await writeOciImage(join(dir, "image"), [rootfs], { Entrypoint: ["/bin/bash"] });
    },
  };
}
