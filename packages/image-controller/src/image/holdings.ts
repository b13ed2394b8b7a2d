import type { Image } from "@datalayer/shared/crds/image";
import { askRegistry, type Holding, type Move, moveTags } from "../published/holding.ts";
import type { RepositoryName } from "../registry/reference.ts";
import type { Registries } from "../registry/registry.ts";
import type { Repository } from "../registry/repository.ts";
import type { Look } from "../resolve/looks.ts";
import type { Fault } from "./fault.ts";
import { buildsOf, type ImageSources } from "./gather.ts";
import { runningOf, type Subject, subjectOf } from "./subject.ts";

/** The registries of Images, each asked with what its Image may use. */
export class Holdings {
  readonly #registries: Registries;
  readonly #sources: ImageSources;

  constructor(registries: Registries, sources: ImageSources) {
    this.#registries = registries;
    this.#sources = sources;
  }

  /** What the registry has of the build that is looked for; undefined while that is being built, or not known. */
  async of(image: Image, look: Look, signal: AbortSignal): Promise<Holding | undefined> {
    for (;;) {
      const subject = this.#subject(image, look);
      if (!subject || runningOf(subject)) return undefined;
      const repository = this.#repository(subject.repository, look);
      const holding = await askRegistry(repository, { ...subject, signal });
      // Builds go on meanwhile: the answer has to be about the one that is looked for by now.
      if (isSame(subject, this.#subject(image, look))) return holding;
    }
  }

  /** Has tags name a build; answers with what was in the way. */
  move(moves: readonly Move[], repository: RepositoryName, look: Look): Promise<Fault | undefined> {
    return moveTags(this.#repository(repository, look), moves);
  }

  #subject(image: Image, look: Look): Subject | undefined {
    return subjectOf({ image, look, builds: buildsOf(image, this.#sources) });
  }

  #repository(name: RepositoryName, { secrets }: Look): Repository {
    return this.#registries.repository(name, secrets?.registry);
  }
}

function isSame(a: Subject, b: Subject | undefined): boolean {
  const partsOf = ({ hash, digests, isPublished, build }: Subject): string =>
    JSON.stringify([hash, digests, isPublished, build?.name, build?.state.kind, build?.isGoing]);
  return b !== undefined && partsOf(a) === partsOf(b);
}
