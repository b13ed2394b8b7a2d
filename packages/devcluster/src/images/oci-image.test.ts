import { createHash } from "node:crypto";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { tempDir } from "../testkit/temp-dir.ts";
import { blobPath, readOciImage, writeOciImage } from "./oci-image.ts";

function digestOf(content: string | Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

async function imageOf(...layers: string[]): Promise<string> {
  const dir = await tempDir();
  const paths = layers.map((_, index) => join(dir, `${index}.tar`));
  await Promise.all(paths.map((path, index) => writeFile(path, layers[index] ?? "")));
  await writeOciImage(join(dir, "image"), {
    layers: paths,
    config: { Entrypoint: ["/run"], User: "1000:100" },
  });
  return join(dir, "image");
}

describe("an image written from two layers", () => {
  it("stores every blob under the digest of its content, with its size", async () => {
    const dir = await imageOf("lower", "upper");
    const { blobs } = await readOciImage(dir);
    expect(blobs).toHaveLength(4);
    for (const { digest, size } of blobs) {
      const content = await readFile(blobPath(dir, digest));
      expect([digestOf(content), content.length]).toEqual([digest, size]);
    }
  });

  it("has the layers in their order, known by the digests of their uncompressed content", async () => {
    const dir = await imageOf("lower", "upper");
    const { blobs } = await readOciImage(dir);
    const [, config, ...layers] = await Promise.all(
      blobs.map(({ digest }) => readFile(blobPath(dir, digest))),
    );
    expect(layers.map((layer) => zstdDecompressSync(layer).toString())).toEqual(["lower", "upper"]);
    expect(JSON.parse(String(config))).toMatchObject({
      os: "linux",
      config: { Entrypoint: ["/run"], User: "1000:100" },
      rootfs: { diff_ids: [digestOf("lower"), digestOf("upper")] },
    });
  });

  it("comes above the layers of its base, which it shares with it", async () => {
    const base = await imageOf("lowest", "lower");
    const dir = join(await tempDir(), "image");
    const upper = join(await tempDir(), "upper.tar");
    await writeFile(upper, "upper");
    await writeOciImage(dir, { base, layers: [upper], config: { Entrypoint: ["/other"] } });
    const { layers, config } = await readOciImage(dir);
    expect(layers.slice(0, 2)).toEqual((await readOciImage(base)).layers);
    expect(JSON.parse(await readFile(blobPath(dir, config.digest), "utf8"))).toMatchObject({
      config: { Entrypoint: ["/other"] },
      rootfs: { diff_ids: ["lowest", "lower", "upper"].map(digestOf) },
    });
    for (const { digest } of layers.slice(0, 2)) {
      expect((await stat(blobPath(dir, digest))).ino).toBe((await stat(blobPath(base, digest))).ino);
    }
  });

  it("is the same image when it is written again", async () => {
    const [first, second] = await Promise.all(
      [imageOf("a", "b"), imageOf("a", "b")].map(async (dir) => readOciImage(await dir)),
    );
    expect(second).toEqual(first);
  });
});
