import { mkdir } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import type { BuildContext, ProvisionStep } from "../provision/step.ts";
import { imageFormat, writeOciImage } from "./oci-image.ts";

/** The Debian release of the images, and the Python that it brings. */
export const debianRelease = "bookworm";
export const debianPython = "3.11";

/** What Debian roots are made with. */
export interface DebianTools {
  mmdebstrap: string;
  searchPath: readonly string[];
}

const packages = ["ca-certificates", "python3"];
/** Never read in a container; a quarter of the size. */
const excluded = ["/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/man/*"];

/** What decides on a Debian root beside its release: belongs to the inputs of every step that makes one. */
export const debianRootInputs: readonly string[] = [imageFormat, ...packages, ...excluded];

/**
 * The step that builds the Debian base image: the smallest Debian that has apt, with Python.
 *
 * Needs root, apt and the network. Provides the image and, as `rootfs`, its only layer.
 */
export function debianBaseStep(tools: DebianTools): ProvisionStep<"rootfs" | "image"> {
  return {
    name: "image-debian",
    version: debianRelease,
    inputs: debianRootInputs,
    provides: { rootfs: "rootfs.tar", image: "image" },
    build: async (dir, context) => {
      const rootfs = await makeDebianRoot(dir, [], { ...context, ...tools });
      await writeOciImage(join(dir, "image"), [rootfs], { Entrypoint: ["/bin/bash"] });
    },
  };
}

/** Makes `rootfs.tar` in a folder: the packages of the base, and `more`. */
export async function makeDebianRoot(
  dir: string,
  more: readonly string[],
  context: BuildContext & DebianTools,
): Promise<string> {
  const { mmdebstrap, searchPath } = context;
  const temporaryDir = join(dir, "tmp");
  await mkdir(temporaryDir);
  const rootfs = join(dir, "rootfs.tar");
  const options = [
    "--variant=minbase",
    `--include=${[...packages, ...more].join(",")}`,
    ...excluded.map((path) => `--dpkgopt=path-exclude=${path}`),
  ];
  // It calls programs that lie beside it.
  const path = [dirname(mmdebstrap), ...searchPath].join(delimiter);
  // What it mounts is gone with it, even when it is killed.
  const command = ["--mount", "perl", mmdebstrap, ...options, debianRelease, rootfs];
  await context.run("unshare", command, { env: { TMPDIR: temporaryDir, PATH: path } });
  return rootfs;
}
