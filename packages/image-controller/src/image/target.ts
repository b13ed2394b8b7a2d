import { imageReferenceOf } from "@datalayer/shared/config/image-reference";
import { type Image, imageReason } from "@datalayer/shared/crds/image";
import type { Isolation } from "../engines/engine.ts";
import { parseRepository, type RepositoryName, repositoryText } from "../registry/reference.ts";
import { type FaultError, lasting } from "./fault.ts";

/** What the administrator allows. */
export interface TargetPolicy {
  /** Stands for `${DATALAYER_DOCKER_REGISTRY}`. */
  dockerRegistry: string | undefined;
  /** Registries, and repositories with all below them, to which images may be pushed; all where there is none. */
  allowedRepositories: readonly string[];
  /**
   * Repositories of the operator's own images, which are run for everybody: nobody pushes there, unless the repository
   * itself is one of those that are allowed.
   */
  reservedRepositories: readonly string[];
  /** The first is the default. */
  isolations: readonly Isolation[];
  /** Images of the operator that name its registry where none is set. */
  unsetImages: readonly string[];
}

/** Where an Image is published, and how it is built. */
export interface Target {
  repository: RepositoryName;
  /** Tags of the spec; that of the template is not among them, as each build has its own. */
  tags: readonly string[];
  isolation: Isolation;
}

/**
 * Where an Image is published, as its spec and the administrator have it.
 * @throws FaultError
 */
export function targetOf(image: Image, policy: TargetPolicy): Target {
  const { output, build } = image.spec;
  const [unset] = policy.unsetImages;
  if (unset !== undefined) throw registryNotSet(`The image of the operator ${unset}`);
  const isolation = build?.isolation ?? policy.isolations[0];
  if (isolation === undefined || !policy.isolations.includes(isolation))
    throw lasting(
      imageReason.isolationNotAllowed,
      `spec.build.isolation: "${isolation}" is not allowed here; expected one of ${policy.isolations.join(", ")}.`,
    );
  return { repository: repositoryOf(image, policy), tags: output?.tags ?? ["latest"], isolation };
}

/** Whether a name is one of the prefixes, or below it; where there is none, every name is. */
export function isBelow(name: string, prefixes: readonly string[]): boolean {
  if (prefixes.length === 0) return true;
  return prefixes.some(
    (prefix) => name === prefix || ["/", ":", "@"].some((end) => name.startsWith(`${prefix}${end}`)),
  );
}

function repositoryOf({ metadata, spec }: Image, policy: TargetPolicy): RepositoryName {
  const written = spec.output?.repository ?? `\${DATALAYER_DOCKER_REGISTRY}/${metadata.name}`;
  const reference = imageReferenceOf(written, policy.dockerRegistry);
  if (reference === undefined) throw registryNotSet(`spec.output.repository: ${written}`);
  const repository = parseRepository(reference);
  if (!repository)
    throw lasting(
      imageReason.invalidSpec,
      `spec.output.repository: "${reference}" is not the name of a repository.`,
    );
  const name = repositoryText(repository);
  if (policy.reservedRepositories.includes(name) && !policy.allowedRepositories.includes(name))
    throw lasting(
      imageReason.repositoryNotAllowed,
      `spec.output.repository: ${name} holds an image of the operator; expected another one.`,
    );
  if (isBelow(name, policy.allowedRepositories)) return repository;
  const expected = policy.allowedRepositories.join(", ");
  throw lasting(
    imageReason.repositoryNotAllowed,
    `spec.output.repository: ${name} is not where images may be pushed; expected one below ${expected}.`,
  );
}

/** What names the registry of the operator where none is set. */
export function registryNotSet(what: string): FaultError {
  return lasting(
    imageReason.registryNotSet,
    `${what} names the operator's setting DATALAYER_DOCKER_REGISTRY, which is not set.`,
  );
}

/**
 * The tag that an older Image gives to its own builds in the same repository, with its name; undefined when there is
 * none. Of two that want a tag, the older has it.
 */
export function tagConflict(
  image: Image,
  { repository, tags }: Target,
  others: readonly { image: Image; target: Target }[],
): { tag: string; owner: string } | undefined {
  for (const { image: other, target } of others) {
    if (repositoryText(target.repository) !== repositoryText(repository) || !isOlder(other, image)) continue;
    const tag = tags.find((one) => target.tags.includes(one));
    if (tag !== undefined) return { tag, owner: `${other.metadata.namespace}/${other.metadata.name}` };
  }
  return undefined;
}

function isOlder({ metadata: a }: Image, { metadata: b }: Image): boolean {
  if (a.uid === b.uid) return false;
  if (a.creationTimestamp !== b.creationTimestamp) return a.creationTimestamp < b.creationTimestamp;
  return a.uid < b.uid;
}
