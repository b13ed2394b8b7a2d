import { randomBytes } from "node:crypto";
import { access, mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { DevCluster } from "../cluster/running.ts";
import { withLock } from "../process/lock.ts";
import { readSettings, type Settings } from "../settings.ts";
import { blobOf, linkOnce, repositoryOf, storageOf, writeLink } from "./seed.ts";

/** A repository whose content outlives the registries that have it. */
export interface KeptRepository {
  name: string;
  /** The folder of the cache that has it, in the form of the storage of a registry; absent until something is kept. */
  dir: string;
}

/** Where a repository is kept. */
export function keptRepository(name: string, { cacheDir }: Pick<Settings, "cacheDir">): KeptRepository {
  return { name, dir: join(cacheDir, `kept-${encodeURIComponent(name)}`) };
}

/**
 * Keeps what a repository of the cluster's registry has by now: a later cluster that is started with it as one of its
 * `keptRepositories` has all of it again, tags, attestations and the layers of earlier builds included.
 */
export async function keepRepository(
  cluster: Pick<DevCluster, "directory">,
  name: string,
  settings: Pick<Settings, "cacheDir"> = readSettings(),
): Promise<void> {
  const { dir } = keptRepository(name, settings);
  const partial = `${dir}.partial-${randomBytes(4).toString("hex")}`;
  try {
    await share(name, join(cluster.directory, ...storageOf), partial);
    await withLock(lockOf(dir), async () => {
      await rm(dir, { recursive: true, force: true });
      await rename(partial, dir);
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** Puts what was kept into the storage of a registry that is not running yet; where nothing was, nothing is. */
export async function restoreRepository(storageDir: string, { name, dir }: KeptRepository): Promise<void> {
  const isKept = await access(dir).then(
    () => true,
    () => false,
  );
  if (isKept) await withLock(lockOf(dir), () => share(name, dir, storageDir));
}

function lockOf(dir: string): string {
  return join(dirname(dir), "locks", basename(dir));
}

/** All that a repository names, and nothing else of the storage: content is linked, and what names it is copied. */
async function share(name: string, fromDir: string, toDir: string): Promise<void> {
  const [from, to] = [repositoryOf(fromDir, name), repositoryOf(toDir, name)];
  await mkdir(to, { recursive: true });
  const entries = await readdir(from, { recursive: true, withFileTypes: true });
  for (const { parentPath, name: file } of entries) {
    if (file !== "link") continue;
    const digest = await readFile(join(parentPath, file), "utf8");
    await linkOnce(blobOf(fromDir, digest), blobOf(toDir, digest));
    await writeLink(parentPath.replace(from, to), digest);
  }
}
