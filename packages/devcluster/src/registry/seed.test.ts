import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { blobPath, readOciImage, writeOciImage } from "../images/oci-image.ts";
import { tempDir } from "../testkit/temp-dir.ts";
import { seedRegistry } from "./seed.ts";

async function storedImage(dir: string, name: string) {
  const layer = join(dir, "shared.tar");
  await writeFile(layer, "a layer that two images share");
  await writeOciImage(join(dir, name), { layers: [layer], config: { Entrypoint: [`/${name}`] } });
  return { repository: `datalayer/${name}`, tag: "dev", dir: join(dir, name) };
}

describe("seeding a registry's storage", () => {
  it("links content of two images that share a layer, without a copy", async () => {
    const dir = await tempDir();
    const images = [await storedImage(dir, "first"), await storedImage(dir, "second")];
    for (const image of images) {
      await seedRegistry(join(dir, "storage"), image);
    }
    const blobs = join(dir, "storage/docker/registry/v2/blobs/sha256");
    const stored = (await readdir(blobs, { recursive: true })).filter((path) => path.endsWith("/data"));
    expect(stored).toHaveLength(5); // a manifest and a configuration each, and the layer
    for (const { digest } of (await readOciImage(images[0]?.dir ?? "")).blobs) {
      const hex = digest.slice("sha256:".length);
      const linked = await stat(join(blobs, hex.slice(0, 2), hex, "data"));
      expect(linked.ino).toBe((await stat(blobPath(images[0]?.dir ?? "", digest))).ino);
    }
  });

  it("points the tag at the manifest", async () => {
    const dir = await tempDir();
    const image = await storedImage(dir, "first");
    await seedRegistry(join(dir, "storage"), image);
    const tag = "docker/registry/v2/repositories/datalayer/first/_manifests/tags/dev/current/link";
    const { manifest } = await readOciImage(image.dir);
    expect(await readFile(join(dir, "storage", tag), "utf8")).toBe(manifest.digest);
  });
});
