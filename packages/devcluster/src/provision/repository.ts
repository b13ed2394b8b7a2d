import { join } from "node:path";

/** The root of the repository, where `tools/` lies. */
const repositoryRoot = join(import.meta.dirname, "..", "..", "..", "..");

/** A file or folder of the repository, by its path from the root. */
export function repositoryPath(...path: string[]): string {
  return join(repositoryRoot, ...path);
}

/** The folder of one pinned tool. */
export function toolDir(name: string): string {
  return repositoryPath("tools", name);
}
