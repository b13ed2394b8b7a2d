import { z } from "zod";
import { inputsLabel } from "../engines/buildkit/arguments.ts";
import {
  type Descriptor,
  digestOf,
  type IndexEntry,
  isAttestation,
  type Manifest,
  mediaType,
  platformOf,
} from "../registry/manifest.ts";
import { RegistryError } from "../registry/registry-error.ts";
import type { Repository } from "../registry/repository.ts";

/** A build that a registry holds, looked at whole. */
export interface BuiltImage {
  /** What the build pushed, which the tag of its inputs names. */
  pushed: Manifest;
  /** What tags name and consumers run: the same without attestations. */
  image: Pick<Manifest, "digest" | "mediaType" | "bytes">;
  /** Whether the registry has that by itself, as it has all that was pushed. */
  isImagePushed: boolean;
  manifestDigests: readonly { platform: string; digest: string }[];
  /** Compressed size of its layers, that of the largest platform. */
  sizeBytes: number;
}

const configSchema = z.object({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().optional(),
  config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }).optional(),
});

interface PlatformImage {
  manifest: Manifest;
  platform: string;
  sizeBytes: number;
  hash: string | undefined;
}

/**
 * Looks at what a tag or a digest names: every manifest and configuration is read, and checked against its digest.
 * @returns undefined when there is nothing, or the build of other inputs.
 * @throws RegistryError
 */
export async function inspectBuild(
  repository: Repository,
  reference: string,
  { hash, signal }: { hash: string; signal: AbortSignal },
): Promise<BuiltImage | undefined> {
  const pushed = await repository.manifest(reference, signal);
  if (!pushed) return undefined;
  const { content } = pushed;
  const entries = content.kind === "index" ? content.manifests.filter((one) => !isAttestation(one)) : [];
  const manifests = content.kind === "image" ? [pushed] : await manifestsOf(repository, entries, signal);
  const images = await Promise.all(manifests.map((manifest) => readImage(repository, manifest, signal)));
  if (images.length === 0 || images.some((image) => image.hash !== hash)) return undefined;
  return {
    pushed,
    ...publishedOf(pushed, entries, manifests),
    manifestDigests: images.map(({ manifest, platform }) => ({ platform, digest: manifest.digest })),
    sizeBytes: Math.max(...images.map(({ sizeBytes }) => sizeBytes)),
  };
}

function manifestsOf(
  repository: Repository,
  entries: readonly IndexEntry[],
  signal: AbortSignal,
): Promise<Manifest[]> {
  return Promise.all(
    entries.map(async (entry) => {
      const manifest = await repository.manifest(entry.digest, signal);
      if (manifest) return manifest;
      throw missing(`the image of ${platformOf(entry)}`, entry);
    }),
  );
}

async function readImage(
  repository: Repository,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<PlatformImage> {
  const { content } = manifest;
  if (content.kind === "index") throw new RegistryError("corrupt", "an index holds another index");
  const bytes = await repository.blob(content.config, signal);
  if (!bytes) throw missing("the configuration of an image", content.config);
  const { os, architecture, variant, config } = configOf(bytes);
  return {
    manifest,
    platform: [os, architecture, ...(variant === undefined ? [] : [variant])].join("/"),
    sizeBytes: content.layers.reduce((sum, { size }) => sum + size, 0),
    hash: config?.Labels?.[inputsLabel],
  };
}

function configOf(bytes: Buffer): z.infer<typeof configSchema> {
  try {
    return configSchema.parse(JSON.parse(bytes.toString("utf8")));
  } catch (cause) {
    throw new RegistryError("corrupt", "the configuration of an image is none", { cause });
  }
}

function missing(what: string, { digest }: Pick<Descriptor, "digest">): RegistryError {
  return new RegistryError("incomplete", `${what}, ${digest}, is not in the registry`);
}

/** Clients that know no attestations refuse an index that holds them: the tags name what is left without. */
function publishedOf(
  pushed: Manifest,
  entries: readonly IndexEntry[],
  manifests: readonly Manifest[],
): Pick<BuiltImage, "image" | "isImagePushed"> {
  const [only, ...more] = manifests;
  if (only && more.length === 0) return { image: only, isImagePushed: true };
  const isWhole = pushed.content.kind === "index" && pushed.content.manifests.length === entries.length;
  if (isWhole) return { image: pushed, isImagePushed: true };
  const type = mediaType.ociIndex;
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: type, manifests: entries }));
  return { image: { digest: digestOf(bytes), mediaType: type, bytes }, isImagePushed: false };
}
