import type { BuildContext } from "../provision/step.ts";

/** Belongs to the inputs of every step that writes a layer here. */
export const layerOptions = [
  "--sort=name",
  "--mtime=@0",
  "--numeric-owner",
  "--format=posix",
  "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime",
  "--xattrs",
  "--xattrs-include=security.capability",
];

/** Writes parts of a folder as the tar file of a layer: the same content gives the same bytes. */
export async function writeLayerTar(
  layer: string,
  root: string,
  paths: readonly string[],
  context: BuildContext,
): Promise<void> {
  await context.run("tar", [...layerOptions, "-C", root, "-cf", layer, ...paths]);
}

/**
 * Writes a folder as the tar file of a layer, as files of root that anybody may read, whoever made them.
 *
 * @param leftOut patterns of paths that do not belong to the layer
 */
export async function writePlainLayerTar(
  layer: string,
  root: string,
  leftOut: readonly string[],
  context: BuildContext,
): Promise<void> {
  const excluded = ["--anchored", ...leftOut.map((path) => `--exclude=./${path}`)];
  const plain = ["--owner=0", "--group=0", "--mode=a+rX,go-w"];
  await context.run("tar", [...layerOptions, ...plain, ...excluded, "-C", root, "-cf", layer, "."]);
}
