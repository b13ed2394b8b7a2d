import { copyFile, link, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { LocalImage } from "../images/images.ts";
import { blobPath, readOciImage } from "../images/oci-image.ts";

/**
 * Puts an image into the storage of a registry that is not running yet.
 *
 * The content is hard-linked from the cache, so a cluster has its images in no time and takes no space for them;
 * the registry replaces such files, it never writes into them. The links between them are files of this cluster's
 * own. See "Storage paths" of the distribution project: the layout is the same in all releases of version 2 and 3.
 */
export async function seedRegistry(storageDir: string, image: LocalImage): Promise<void> {
  const repository = repositoryOf(storageDir, image.repository);
  const { manifest, blobs } = await readOciImage(image.dir);
  for (const { digest } of blobs) {
    await linkOnce(blobPath(image.dir, digest), blobOf(storageDir, digest));
    await writeLink(join(repository, "_layers", "sha256", hexOf(digest)), digest);
  }
  const hex = hexOf(manifest.digest);
  const manifests = join(repository, "_manifests");
  await writeLink(join(manifests, "revisions", "sha256", hex), manifest.digest);
  await writeLink(join(manifests, "tags", image.tag, "current"), manifest.digest);
  await writeLink(join(manifests, "tags", image.tag, "index", "sha256", hex), manifest.digest);
}

/** Where in the folder of a cluster its registry has its storage. */
export const storageOf = ["registry", "storage"] as const;

const layout = ["docker", "registry", "v2"] as const;

/** The folder of a repository in the storage of a registry. */
export function repositoryOf(storageDir: string, name: string): string {
  return join(storageDir, ...layout, "repositories", name);
}

/** The file with the content of that digest in the storage of a registry. */
export function blobOf(storageDir: string, digest: string): string {
  const hex = hexOf(digest);
  return join(storageDir, ...layout, "blobs", "sha256", hex.slice(0, 2), hex, "data");
}

function hexOf(digest: string): string {
  return digest.slice(digest.indexOf(":") + 1);
}

/** Has a folder of a repository name content. */
export async function writeLink(dir: string, digest: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, "link"), digest);
}

/** Two images may share a layer; and the cache may be on another file system, which links cannot cross. */
export async function linkOnce(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  try {
    await link(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EXDEV") {
      await copyFile(from, to);
    } else if (code !== "EEXIST") {
      throw error;
    }
  }
}
