import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { link, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

/**
 * Images are put together from tar files, without an image builder: an image is its layers and two small JSON
 * documents. Layers stay uncompressed. They never leave the machine, and the time to compress and decompress them
 * would be most of the time that a build and a pull take.
 */

/** How a container of an image starts, in the words of the OCI image specification. */
export interface ImageConfig {
  Entrypoint: readonly string[];
  /** `NAME=value` */
  Env?: readonly string[];
  User?: string;
  WorkingDir?: string;
  /** `{"2300/tcp": {}}` */
  ExposedPorts?: Readonly<Record<string, object>>;
}

/** One stored document or layer. */
export interface Blob {
  mediaType: string;
  /** `sha256:<hex>` */
  digest: string;
  size: number;
}

/** An image in a folder. */
export interface OciImage {
  manifest: Blob;
  /** The manifest, the configuration and the layers. */
  blobs: readonly Blob[];
}

const mediaTypes = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
};

/** Where a folder of `writeOciImage` keeps a blob. */
export function blobPath(dir: string, digest: string): string {
  return join(dir, "blobs", ...digest.split(":"));
}

/**
 * Writes an image as an OCI image layout.
 *
 * @param layers tar files, the lowest first, on the same file system as `dir`; they are hard-linked, not copied
 */
export async function writeOciImage(
  dir: string,
  layers: readonly string[],
  config: ImageConfig,
): Promise<void> {
  await mkdir(join(dir, "blobs", "sha256"), { recursive: true });
  const layerBlobs: Blob[] = [];
  for (const layer of layers) {
    layerBlobs.push(await linkLayer(dir, layer));
  }
  const configBlob = await writeDocument(dir, mediaTypes.config, {
    architecture: goArch(),
    os: "linux",
    config,
    rootfs: { type: "layers", diff_ids: layerBlobs.map((layer) => layer.digest) },
  });
  const manifest = await writeDocument(dir, mediaTypes.manifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: configBlob,
    layers: layerBlobs,
  });
  await writeFile(join(dir, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  await writeFile(join(dir, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
}

/** Reads what `writeOciImage` wrote. */
export async function readOciImage(dir: string): Promise<OciImage> {
  const index = JSON.parse(await readFile(join(dir, "index.json"), "utf8")) as { manifests: [Blob] };
  const manifest = index.manifests[0];
  const content = JSON.parse(await readFile(blobPath(dir, manifest.digest), "utf8")) as {
    config: Blob;
    layers: Blob[];
  };
  return { manifest, blobs: [manifest, content.config, ...content.layers] };
}

async function linkLayer(dir: string, tarPath: string): Promise<Blob> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(tarPath), hash);
  const digest = `sha256:${hash.digest("hex")}`;
  await link(tarPath, blobPath(dir, digest));
  return { mediaType: mediaTypes.layer, digest, size: (await stat(tarPath)).size };
}

async function writeDocument(dir: string, mediaType: string, content: object): Promise<Blob> {
  const text = JSON.stringify(content);
  const digest = `sha256:${createHash("sha256").update(text).digest("hex")}`;
  await writeFile(blobPath(dir, digest), text);
  return { mediaType, digest, size: Buffer.byteLength(text) };
}

/** The name that images use for this machine's processor. */
function goArch(): string {
  return process.arch === "x64" ? "amd64" : process.arch;
}
