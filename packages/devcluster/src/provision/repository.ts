import { join } from "node:path";

/** The root of the repository, where `tools/` lies. */
const repositoryRoot = join(import.meta.dirname, "..", "..", "..", "..");

/** The folder of one pinned tool. */
export function toolDir(name: string): string {
  return join(repositoryRoot, "tools", name);
}
