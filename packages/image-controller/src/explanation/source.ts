import type { ImageSpec } from "@datalayer/shared/crds/image";

/** What an Image is built from, in words. */
export function sourceOf({ source }: ImageSpec): string {
  if (source.git) {
    const { url, revision, subPath } = source.git;
    const what = revision === undefined || revision === "HEAD" ? "the default branch" : revision;
    return `It is built from ${what} of ${url}${folder(subPath)}.`;
  }
  if (source.archive)
    return `It is built from the archive ${source.archive.url}${folder(source.archive.subPath)}.`;
  if (source.environment) return `It is built from a list of packages, on ${source.environment.base}.`;
  return "It is built from the Dockerfile in its spec.";
}

function folder(subPath: string | undefined): string {
  return subPath === undefined ? "" : `, folder ${subPath}`;
}
