import { imageReason } from "@datalayer/shared/crds/image";
import { type Fault, lasting, passing } from "../image/fault.ts";
import { buildTag } from "../image/names.ts";
import type { Manifest } from "../registry/manifest.ts";
import { RegistryError } from "../registry/registry-error.ts";
import type { Repository } from "../registry/repository.ts";
import { type BuiltImage, inspectBuild } from "./built-image.ts";

/** What a registry has of one build. */
export type Holding =
  /** `problem`: what is wrong with what there is under the tag of the build. */
  | { kind: "absent"; problem?: string }
  | { kind: "held"; built: BuiltImage; moves: readonly Move[] }
  | { kind: "fault"; fault: Fault };

/** A tag, or a digest, that is to name a manifest, and does not yet. */
export interface Move {
  reference: string;
  manifest: Pick<Manifest, "digest" | "mediaType" | "bytes">;
}

/** What is asked of a registry. */
export interface HoldingRequest {
  hash: string;
  /** Digests that may be the build, the surest first. */
  digests: readonly string[];
  /** Whether it was published, so that it was whole once. */
  isPublished: boolean;
  /** Tags that name it once it is published. */
  tags: readonly string[];
  signal: AbortSignal;
}

/** Asks a registry whether it has a build, and which tags do not name it yet. */
export async function askRegistry(repository: Repository, request: HoldingRequest): Promise<Holding> {
  try {
    const { built, problem } = await findBuild(repository, request);
    if (!built) return { kind: "absent", ...(problem !== undefined && { problem }) };
    return { kind: "held", built, moves: await movesTo(repository, built, request) };
  } catch (error) {
    if (error instanceof RegistryError) return { kind: "fault", fault: faultOfRegistry(error) };
    throw error;
  }
}

/**
 * Has the tags name a build.
 * @returns the fault that was in the way, where there was one.
 */
export async function moveTags(repository: Repository, moves: readonly Move[]): Promise<Fault | undefined> {
  try {
    // One after another: what comes first, content itself, the others name.
    for (const { reference, manifest } of moves) await repository.put(reference, manifest);
    return undefined;
  } catch (error) {
    if (error instanceof RegistryError) return faultOfRegistry(error);
    throw error;
  }
}

/**
 * A digest that was published stays the build of its inputs, whatever a late build has pushed under the tag since. What is
 * there and cannot be run counts as nothing, but with its problem: another build of the same inputs heals it.
 */
async function findBuild(
  repository: Repository,
  { hash, digests, isPublished, signal }: HoldingRequest,
): Promise<{ built?: BuiltImage; problem?: string }> {
  let problem: string | undefined;
  for (const reference of [...new Set([...digests, buildTag(hash)])]) {
    try {
      const built = await inspectBuild(repository, reference, { hash, signal });
      if (built) return { built };
    } catch (error) {
      if (!isBroken(error, isPublished)) throw error;
      problem = error.message;
    }
  }
  return problem === undefined ? {} : { problem };
}

/** What was whole once is not given up for an answer that something on the way may have changed. */
function isBroken(error: unknown, isPublished: boolean): error is RegistryError {
  if (!(error instanceof RegistryError)) return false;
  return error.failure === "incomplete" || (error.failure === "corrupt" && !isPublished);
}

async function movesTo(
  repository: Repository,
  { pushed, image, isImagePushed }: BuiltImage,
  { hash, tags, signal }: HoldingRequest,
): Promise<Move[]> {
  const wanted: Move[] = [
    { reference: buildTag(hash), manifest: pushed },
    ...(isImagePushed ? [] : [{ reference: image.digest, manifest: image }]),
    ...tags.map((reference) => ({ reference, manifest: image })),
  ];
  const named = await Promise.all(wanted.map(({ reference }) => repository.digest(reference, signal)));
  return wanted.filter(({ manifest }, index) => named[index] !== manifest.digest);
}

function faultOfRegistry({ failure, message, retryAfterMs }: RegistryError): Fault {
  switch (failure) {
    case "unavailable":
      return passing(imageReason.registryUnavailable, `${message}.`, retryAfterMs).fault;
    case "refused":
      return lasting(imageReason.registryRefused, `${message}.`).fault;
    case "invalid":
    case "corrupt":
    case "incomplete":
      // What a registry should never answer, it may not answer again.
      return passing(imageReason.verificationFailed, `${message}.`).fault;
  }
}
