import { type Image, imageReason } from "@datalayer/shared/crds/image";
import { DockerfileError, type NamedBase, parseDockerfile } from "../dockerfile/parse.ts";
import type { PinnedBase } from "../engines/engine.ts";
import { type FaultError, lasting, passing } from "../image/fault.ts";
import { isBelow } from "../image/target.ts";
import { type RepositoryName, repositoryText } from "../registry/reference.ts";
import type { Registries, RepositoryAccess } from "../registry/registry.ts";
import { RegistryError } from "../registry/registry-error.ts";

/** What reads Dockerfiles as BuildKit itself does: what it names is not needed. */
const ordinaryFrontend = "docker.io/docker/dockerfile";

/**
 * The images that a Dockerfile names, once what speaks against them was looked for.
 * @param repository - where the Image itself is published.
 * @throws FaultError
 */
export function basesIn(
  dockerfile: string,
  { spec }: Image,
  { allowedBases, repository }: { allowedBases: readonly string[]; repository: RepositoryName },
): NamedBase[] {
  const { bases, frontend } = parsed(dockerfile, spec);
  if (frontend && repositoryText(frontend.reference) !== ordinaryFrontend)
    throw lasting(
      imageReason.frontendNotAllowed,
      `The Dockerfile asks to be read by ${frontend.name} (# syntax=); expected ${ordinaryFrontend}, or none.`,
    );
  for (const { name, reference } of bases) {
    if (!isBelow(name, allowedBases))
      throw lasting(
        imageReason.baseNotAllowed,
        `The Dockerfile builds on ${name}; expected an image below ${allowedBases.join(", ")}.`,
      );
    if (repositoryText(reference) === repositoryText(repository))
      throw lasting(
        imageReason.baseIsOwnOutput,
        `The Dockerfile builds on ${name}, which is where the Image is published: each build would bring the next.`,
      );
  }
  return bases;
}

/**
 * Asks registries what the images are now.
 * @throws FaultError
 */
export async function pinBases(
  bases: readonly NamedBase[],
  { registries, access, signal }: { registries: Registries; access: RepositoryAccess; signal: AbortSignal },
): Promise<PinnedBase[]> {
  const pinned = bases.map(async ({ name, reference }): Promise<PinnedBase> => {
    const known = reference.digest;
    const { tag = "latest" } = reference;
    const digest = known ?? (await ask(() => registries.repository(reference, access).digest(tag, signal)));
    if (digest !== undefined) return { name, digest };
    throw lasting(
      imageReason.baseNotFound,
      `The Dockerfile builds on ${name}, which its registry does not have.`,
    );
  });
  return Promise.all(pinned);
}

async function ask<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    throw error instanceof RegistryError ? faultOfBase(error) : error;
  }
}

function faultOfBase({ failure, message, retryAfterMs }: RegistryError): FaultError {
  const text = `A base image: ${message}.`;
  if (failure === "refused") return lasting(imageReason.baseRefused, text);
  return passing(imageReason.baseUnavailable, text, retryAfterMs);
}

function parsed(dockerfile: string, { build, source }: Image["spec"]) {
  const args = new Map((build?.args ?? []).map(({ name, value }) => [name, value]));
  try {
    return parseDockerfile(dockerfile, args);
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error;
    const path = source.git?.dockerfile ?? "Dockerfile";
    throw lasting(imageReason.invalidDockerfile, `${path}: ${error.message}.`);
  }
}
