import { mkdir } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { debianPackages } from "../provision/debian.ts";
import type { Provisioner } from "../provision/provisioner.ts";
import type { BuildContext } from "../provision/step.ts";
import { imageFormat } from "./oci-image.ts";

/** The Debian release of the images, and the Python that it brings. */
export const debianRelease = "bookworm";
export const debianPython = "3.11";

/** What Debian roots are made with. */
export interface DebianTools {
  mmdebstrap: string;
  searchPath: readonly string[];
}

/** Provides what Debian roots are made with. */
export async function provideDebianTools(
  provisioner: Provisioner,
  searchPath: readonly string[],
): Promise<DebianTools> {
  const step = await debianPackages({
    name: "mmdebstrap",
    packages: ["mmdebstrap"],
    provides: { mmdebstrap: "usr/bin/mmdebstrap" },
  });
  const { mmdebstrap } = (await provisioner.provide(step)).paths;
  return { mmdebstrap, searchPath };
}

/** Never read in a container; a quarter of the size. */
const excluded = ["/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/man/*"];

/** What decides on a Debian root beside its release: belongs to the inputs of every step that makes one. */
export function debianRootInputs(packages: readonly string[]): string[] {
  return [imageFormat, ...packages, ...excluded];
}

/**
 * Makes a Debian root: the smallest Debian that has apt, and these packages. Needs root, apt and the network.
 *
 * @param target a tar file (its name ends in `.tar`) or a folder
 */
export async function makeDebianRoot(
  target: string,
  packages: readonly string[],
  context: BuildContext & DebianTools,
): Promise<void> {
  const { mmdebstrap, searchPath } = context;
  const temporaryDir = join(dirname(target), "tmp");
  await mkdir(temporaryDir);
  const options = [
    "--variant=minbase",
    `--include=${packages.join(",")}`,
    ...excluded.map((path) => `--dpkgopt=path-exclude=${path}`),
  ];
  // It calls programs that lie beside it.
  const path = [dirname(mmdebstrap), ...searchPath].join(delimiter);
  // What it mounts is gone with it, even when it is killed.
  const command = ["--mount", "perl", mmdebstrap, ...options, debianRelease, target];
  await context.run("unshare", command, { env: { TMPDIR: temporaryDir, PATH: path } });
}
