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
  /** Stands for `${DATALAYER_DOCKER_REGISTRY}`; where it is does not count, as its content may move. */
  dockerRegistry: string | undefined;
}

/** A new form of the hashed text has every Image built anew. */
const form = 1;

/**
 * The hash of all that an image is made of, as 64 hexadecimal digits. What does not change its content (tags,
 * resources, timeouts, retention, the commit where the folder is the same) is left out; of secrets the names count,
 * never the values.
 */
export function inputsHash(image: Image, parts: HashedParts): string {
  const named = namer(parts);
  const source = ofSource(image, parts, named);
  const text = JSON.stringify(sorted({ form, ...ofSpec(image), source, ...ofParts(parts, named) }));
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

/** A text that names images, without where the registry of the operator is. */
type Namer = (text: string) => string;

function namer({ dockerRegistry }: HashedParts): Namer {
  if (dockerRegistry === undefined) return (text) => text;
  return (text) => text.replaceAll(`${dockerRegistry}/`, "${DATALAYER_DOCKER_REGISTRY}/");
}

function ofParts({ bases, engine, sbomGeneratorImage }: HashedParts, named: Namer): object {
  return {
    bases: Object.fromEntries(bases.map(({ name, digest }) => [named(name), digest])),
    engine: engine.map(named),
    sbomGeneratorImage: sbomGeneratorImage && named(sbomGeneratorImage),
  };
}

/** The content decides, not where it comes from: a mirror has the same images. */
function ofSource({ spec }: Image, { source, tree }: HashedParts, named: Namer): object {
  switch (source.kind) {
    case "context": {
      const { dockerfile, files } = source.context;
      // Only what is compiled has the registry from the settings of the operator; in an author's it is a word like others.
      const text = spec.source.environment ? named(dockerfile) : dockerfile;
      return { context: { dockerfile: text, files } };
    }
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
