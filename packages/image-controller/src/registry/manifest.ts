import { createHash } from "node:crypto";
import { z } from "zod";
import { RegistryError } from "./registry-error.ts";

/** The media types of what a tag can name. */
export const mediaType = {
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  dockerList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
} as const;

/** A registry answers in a form that it was not told of with 404. */
export const acceptedTypes = Object.values(mediaType).join(", ");

const descriptor = z.object({
  mediaType: z.string(),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  size: z.int().min(0),
});

const platform = z.object({ os: z.string(), architecture: z.string(), variant: z.string().optional() });

const indexSchema = z.object({
  manifests: z
    .array(
      descriptor.extend({
        platform: platform.optional(),
        annotations: z.record(z.string(), z.string()).optional(),
      }),
    )
    .max(256),
});

const imageSchema = z.object({ config: descriptor, layers: z.array(descriptor).max(1024) });

/** A part of an image, as its manifest names it. */
export type Descriptor = z.infer<typeof descriptor>;

/** One of the manifests of an index. */
export type IndexEntry = z.infer<typeof indexSchema>["manifests"][number];

/** What a manifest says: the image of one platform, or the images of several. */
export type ManifestContent =
  { kind: "image"; config: Descriptor; layers: Descriptor[] } | { kind: "index"; manifests: IndexEntry[] };

/** A manifest as a registry holds it. */
export interface Manifest {
  /** Of the bytes, whatever the registry said. */
  digest: string;
  mediaType: string;
  bytes: Buffer;
  content: ManifestContent;
}

/** The digest of any content. */
export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Reads a manifest. @throws RegistryError `corrupt` when it is none that we know. */
export function parseManifest(bytes: Buffer, type: string, source: string): Manifest {
  const content = contentOf(parsed(bytes));
  if (!content) throw new RegistryError("corrupt", `${source} is no manifest of an image or of an index`);
  return { digest: digestOf(bytes), mediaType: type.replace(/\s*;.*$/, ""), bytes, content };
}

/** The platform of an entry: `linux/arm64`, `linux/arm/v7`. */
export function platformOf({ platform: of }: IndexEntry): string {
  if (!of) return "unknown/unknown";
  return [of.os, of.architecture, ...(of.variant === undefined ? [] : [of.variant])].join("/");
}

/** Whether an entry holds attestations of BuildKit instead of an image. */
export function isAttestation({ annotations }: IndexEntry): boolean {
  return annotations?.["vnd.docker.reference.type"] === "attestation-manifest";
}

function contentOf(value: unknown): ManifestContent | undefined {
  const index = indexSchema.safeParse(value);
  if (index.success) return { kind: "index", ...index.data };
  const image = imageSchema.safeParse(value);
  return image.success ? { kind: "image", ...image.data } : undefined;
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}
