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
  const root = join(storageDir, "docker", "registry", "v2");
  const repository = join(root, "repositories", image.repository);
  const { manifest, blobs } = await readOciImage(image.dir);
  for (const { digest } of blobs) {
    const hex = hexOf(digest);
    await linkOnce(blobPath(image.dir, digest), join(root, "blobs", "sha256", hex.slice(0, 2), hex, "data"));
    await writeLink(join(repository, "_layers", "sha256", hex), digest);
  }
  const hex = hexOf(manifest.digest);
  const manifests = join(repository, "_manifests");
  await writeLink(join(manifests, "revisions", "sha256", hex), manifest.digest);
  await writeLink(join(manifests, "tags", image.tag, "current"), manifest.digest);
  await writeLink(join(manifests, "tags", image.tag, "index", "sha256", hex), manifest.digest);
}

function hexOf(digest: string): string {
  return digest.slice(digest.indexOf(":") + 1);
}

async function writeLink(dir: string, digest: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, "link"), digest);
}

/** Two images may share a layer; and the cache may be on another file system, which links cannot cross. */
async function linkOnce(from: string, to: string): Promise<void> {
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
