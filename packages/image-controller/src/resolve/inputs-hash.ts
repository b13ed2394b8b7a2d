import { createHash } from "node:crypto";
import type { Image } from "@datalayer/shared/crds/image";
import type { PinnedBase, PinnedSource } from "../engines/engine.ts";
import { wish } from "../image/names.ts";

/** What is hashed beside the spec. */
export interface HashedParts {
  source: PinnedSource;
  /** Id of the folder, of a repository. */
  tree: string | undefined;
  bases: readonly PinnedBase[];
  /** Name of the engine, and what of it decides on the content of images. */
  engine: readonly [name: string, version: string];
  /** The image that lists packages, where they are listed. */
  sbomGeneratorImage: string | undefined;
}

/** A new form of the hashed text has every Image built anew. */
const form = 1;

/**
 * The hash of all that an image is made of, as 64 hexadecimal digits. What does not change its content (tags,
 * resources, timeouts, retention, the commit where the folder is the same) is left out; of secrets the names count,
 * never the values.
 */
export function inputsHash(image: Image, parts: HashedParts): string {
  const text = JSON.stringify(sorted({ form, ...ofSpec(image), ...ofParts(parts) }));
  return createHash("sha256").update(text).digest("hex");
}

function ofSpec({ metadata, spec }: Image): object {
  const { build = {}, output = {}, attest = {}, triggers = {} } = spec;
  const { args, secrets = [], target, platforms = [] } = build;
  const { labels, compression = "gzip", sourceDateEpoch } = output;
  const { provenance = "min" } = attest;
  const wished = metadata.annotations?.[wish.nonce];
  return {
    args: byName(args),
    secrets: secrets.map(({ id }) => id).sort(),
    target,
    platforms: [...platforms].sort(),
    labels: byName(labels),
    compression,
    // That of a commit is not: commits that leave the folder as it is are not built.
    sourceDateEpoch,
    provenance,
    nonces: { ofSpec: triggers.nonce, wished },
  };
}

function ofParts({ source, tree, bases, engine, sbomGeneratorImage }: HashedParts): object {
  return {
    source: ofSource(source, tree),
    bases: Object.fromEntries(bases.map(({ name, digest }) => [name, digest])),
    engine,
    sbomGeneratorImage,
  };
}

/** The content decides, not where it comes from: a mirror has the same images. */
function ofSource(source: PinnedSource, tree: string | undefined): object {
  switch (source.kind) {
    case "context":
      return { context: source.context };
    case "git":
      return { tree, dockerfile: source.dockerfile };
    case "archive": {
      const { sha256, stripComponents, subPath, dockerfile } = source;
      return { sha256, stripComponents, subPath, dockerfile };
    }
  }
}

function byName(pairs: readonly { name: string; value: string }[] = []): Record<string, string> {
  return Object.fromEntries(pairs.map(({ name, value }) => [name, value]));
}

/** With the keys of every object in one order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
