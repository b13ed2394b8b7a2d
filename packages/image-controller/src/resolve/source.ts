import { imageReferenceOf } from "@datalayer/shared/config/image-reference";
import { type Image, imageReason, type InlineSource } from "@datalayer/shared/crds/image";
import type { BuildContext } from "../engines/build-context.ts";
import type { PinnedSource } from "../engines/engine.ts";
import { compileEnvironment, EnvironmentError, type InstallerImages } from "../environment/compile.ts";
import type { GitAccess } from "../git/git-command.ts";
import { GitError } from "../git/git-error.ts";
import { type GitLook, lookAtRepository } from "../git/look.ts";
import { lasting, passing } from "../image/fault.ts";
import { registryNotSet } from "../image/target.ts";

/** What a source was when it was looked at. */
export interface SeenSource {
  pinned: PinnedSource;
  /** Text of the Dockerfile; undefined where it is read by the build alone. */
  dockerfile: string | undefined;
  /** When it was made, in seconds since 1970. */
  madeAt: number;
  /** Of a repository. */
  git: GitLook | undefined;
}

/** With what sources are looked at. */
export interface SourceOptions {
  access: GitAccess;
  known: GitLook | undefined;
  /** The commit to look at in place of what the Image names. */
  revision: string | undefined;
  dockerRegistry: string | undefined;
  installers: InstallerImages;
  signal: AbortSignal;
}

/** Names and contents of files become keys and values of one ConfigMap. */
const longestContextBytes = 512 * 1024;

/**
 * Looks at the source of an Image.
 * @throws FaultError
 */
export async function lookAtSource({ spec }: Image, options: SourceOptions): Promise<SeenSource> {
  const { git, inline, archive, environment } = spec.source;
  if (git) return lookAtGit(git, options);
  if (inline) return contextSource(inlineContext(inline));
  if (environment) return contextSource(compiled(environment, options));
  if (archive) {
    const { url, sha256, stripComponents = 0, subPath, dockerfile = "Dockerfile" } = archive;
    const pinned = { kind: "archive", url, sha256, stripComponents, subPath, dockerfile } as const;
    return { pinned, dockerfile: undefined, madeAt: 0, git: undefined };
  }
  throw lasting(imageReason.invalidSpec, "spec.source has none of git, inline, archive, environment.");
}

async function lookAtGit(
  source: NonNullable<Image["spec"]["source"]["git"]>,
  { access, known, signal, ...pinned }: SourceOptions,
): Promise<SeenSource> {
  const { url, subPath, dockerfile = "Dockerfile", secretRef } = source;
  const revision = pinned.revision ?? source.revision ?? "HEAD";
  try {
    const look = await lookAtRepository({ url, revision, subPath, dockerfile }, { access, known, signal });
    return {
      pinned: {
        kind: "git",
        url,
        revision: look.commit,
        subPath,
        dockerfile,
        secret: secretRef?.name,
      },
      dockerfile: look.dockerfile,
      madeAt: look.committedAt,
      git: look,
    };
  } catch (error) {
    throw error instanceof GitError ? faultOfGit(error) : error;
  }
}

function faultOfGit({ failure, message }: GitError) {
  const text = `spec.source.git: ${message}.`;
  switch (failure) {
    case "unavailable":
      return passing(imageReason.sourceUnavailable, text);
    case "not-found":
      return lasting(imageReason.sourceNotFound, text);
    case "refused":
      return lasting(imageReason.sourceRefused, text);
  }
}

function contextSource(context: BuildContext): SeenSource {
  const { dockerfile, files } = context;
  const bytes = [dockerfile, ...files.map(({ content }) => content)]
    .map((text) => Buffer.byteLength(text))
    .reduce((sum, size) => sum + size, 0);
  if (bytes > longestContextBytes)
    throw lasting(
      imageReason.invalidSpec,
      `spec.source: its files have ${bytes} bytes together; expected up to ${longestContextBytes}.`,
    );
  return { pinned: { kind: "context", context }, dockerfile, madeAt: 0, git: undefined };
}

function inlineContext({ dockerfile, files = [] }: InlineSource): BuildContext {
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return { dockerfile, files: sorted.map(({ path, content }) => ({ path, content })) };
}

function compiled(
  environment: NonNullable<Image["spec"]["source"]["environment"]>,
  { dockerRegistry, installers }: SourceOptions,
): BuildContext {
  const base = imageReferenceOf(environment.base, dockerRegistry);
  if (base === undefined) throw registryNotSet(`spec.source.environment.base: ${environment.base}`);
  try {
    return compileEnvironment(environment, { base, installers });
  } catch (error) {
    if (error instanceof EnvironmentError) throw lasting(imageReason.invalidSpec, `${error.message}.`);
    throw error;
  }
}
