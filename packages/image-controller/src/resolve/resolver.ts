import type { Image } from "@datalayer/shared/crds/image";
import type { BuildInputs, Engine, EngineSettings, PinnedBase } from "../engines/engine.ts";
import type { InstallerImages } from "../environment/compile.ts";
import type { GitLook } from "../git/look.ts";
import type { Target } from "../image/target.ts";
import type { Registries } from "../registry/registry.ts";
import { basesIn, pinBases } from "./bases.ts";
import { inputsHash } from "./inputs-hash.ts";
import type { ImageSecrets } from "./secrets.ts";
import { lookAtSource, type SeenSource } from "./source.ts";

/** What an Image is made of now. */
export interface Resolved {
  inputs: BuildInputs;
  /** Commit, or hash of the archive. */
  revision: string | undefined;
  /** Id of the folder, of a repository. */
  tree: string | undefined;
}

/** What was seen before, and is still good. */
export interface Known {
  source?: SeenSource;
  /** What repositories had when they were last asked; only what has changed is fetched. */
  git?: GitLook;
  /** The commit to stay with, whatever its branch or tag names by now. */
  revision?: string;
  bases?: readonly PinnedBase[];
}

/** With what inputs are resolved. */
export interface ResolverOptions {
  registries: Registries;
  engine: Engine;
  engineSettings: EngineSettings;
  installers: InstallerImages;
  dockerRegistry: string | undefined;
}

/** Of which Image. */
export interface ResolveRequest {
  image: Image;
  target: Target;
  secrets: ImageSecrets;
  known: Known;
  signal: AbortSignal;
}

/** Turns what an Image names into what it is made of, exactly. */
export class Resolver {
  readonly #options: ResolverOptions;

  constructor(options: ResolverOptions) {
    this.#options = options;
  }

  /** @throws FaultError */
  async resolve(request: ResolveRequest): Promise<{ resolved: Resolved; seen: Known }> {
    const source = request.known.source ?? (await this.#source(request));
    const bases = await this.#bases(source, request);
    const { pinned, git, madeAt } = source;
    const { image } = request;
    const { engine, engineSettings, dockerRegistry } = this.#options;
    const hash = inputsHash(image, {
      source: pinned,
      tree: git?.tree,
      bases,
      engine: [engine.name, engine.version(engineSettings)],
      sbomGeneratorImage: image.spec.attest?.sbom ? engineSettings.sbomGeneratorImage : undefined,
      dockerRegistry,
    });
    const sourceDateEpoch = image.spec.output?.sourceDateEpoch ?? madeAt;
    return {
      resolved: {
        inputs: { hash, source: pinned, bases, sourceDateEpoch },
        revision: revisionOf(source),
        tree: git?.tree,
      },
      seen: { source, ...(git && { git }), bases },
    };
  }

  #source({ image, secrets, known, signal }: ResolveRequest): Promise<SeenSource> {
    const { dockerRegistry, installers } = this.#options;
    const common = { access: secrets.git, dockerRegistry, installers, signal };
    return lookAtSource(image, { ...common, known: known.git, revision: known.revision });
  }

  async #bases({ dockerfile }: SeenSource, request: ResolveRequest): Promise<PinnedBase[]> {
    const { image, target, secrets, known, signal } = request;
    const { registries, engineSettings } = this.#options;
    // What an archive builds on is known to the build alone.
    if (dockerfile === undefined) return [];
    const { allowedBases } = engineSettings;
    const named = basesIn(dockerfile, image, { allowedBases, repository: target.repository });
    const isKnown = (name: string): boolean => known.bases?.some((base) => base.name === name) ?? false;
    const unknown = named.filter(({ name }) => !isKnown(name));
    const pinned = await pinBases(unknown, { registries, access: secrets.registry, signal });
    const all = [...pinned, ...(known.bases ?? [])];
    return named.flatMap(({ name }) => all.find((base) => base.name === name) ?? []);
  }
}

function revisionOf({ pinned }: SeenSource): string | undefined {
  if (pinned.kind === "git") return pinned.revision;
  return pinned.kind === "archive" ? pinned.sha256 : undefined;
}
