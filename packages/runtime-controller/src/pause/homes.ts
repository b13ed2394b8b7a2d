import type { Clock } from "@datalayer/shared/clock/clock";
import { ApiError, TransportError } from "@datalayer/shared/kube/api-error";
import type { JsonPatchOperation } from "@datalayer/shared/kube/json-patch";
import { PersistentVolumeClaim } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { homeHoldersOf } from "../quota/holders.ts";
import { type AssignedRuntime, type Assignment, isAssigned, type RuntimeEnd } from "../runtime/runtime.ts";
import { homeOf } from "../volume/names.ts";
import { type Home, parseHome } from "./home.ts";
import { HomeError } from "./home-error.ts";
import { secondsLeft } from "./home-pod.ts";
import { isItsPod } from "./plan.ts";
import { podNamed } from "./pod.ts";
import { changePatch, endPatch, pausePatch, resumePatch } from "./record.ts";

/** What homes are read and changed with. */
export interface HomesOptions {
  client: RestClient;
  /** A cache with {@link homeIndexes}. */
  volumeClaims: ObjectReader<PersistentVolumeClaim>;
  /** The watched namespaces; `*` stands for all. */
  namespaces: readonly string[];
  clock: Clock;
  /** Why the runtime could not be brought back, such as that its environment is gone; undefined when it could. */
  obstacleOf: (home: Home) => string | undefined;
}

/** The indexes of homes: by name of the runtime, and by who holds it. */
export const homeIndexes = {
  home: ({ metadata }: PersistentVolumeClaim): string[] => {
    const name = metadata.labels?.[homeOf];
    return name === undefined ? [] : [name];
  },
  holder: homeHoldersOf,
};

const attempts = 5;

/**
 * Runtimes with a home: how they pause, resume and end.
 *
 * Each wish is one patch of the home, which holds only while the home is what was read before; then the leading
 * replica does what the home says. So of two wishes at once one comes first and the other sees it, and a crash
 * between any two writes leaves a home that says what is left to do.
 */
export class Homes {
  readonly #options: HomesOptions;

  constructor(options: HomesOptions) {
    this.#options = options;
  }

  /** The home of a runtime, as the cache has it. */
  find(podName: string): Home | undefined {
    const [claim] = this.#options.volumeClaims.byIndex("home", podName);
    return claim && parseHome(claim);
  }

  /** Every home, as the cache has it. */
  all(): Home[] {
    return this.#options.volumeClaims.list().flatMap((claim) => parseHome(claim) ?? []);
  }

  /** The home of a runtime, as the API server has it now. */
  async read(podName: string): Promise<Home | undefined> {
    const { client, namespaces } = this.#options;
    const lists = await Promise.all(
      namespaces.map((namespace) =>
        client.list(PersistentVolumeClaim, {
          namespace: namespace === "*" ? undefined : namespace,
          labelSelector: `${homeOf}=${podName}`,
        }),
      ),
    );
    return lists.flatMap(({ items }) => items).flatMap((claim) => parseHome(claim) ?? [])[0];
  }

  /** Pauses a runtime; one that is paused stays so. @throws HomeError */
  async pause(podName: string): Promise<Home> {
    return this.#change(podName, async (home) => {
      if (home.state === "paused") return undefined;
      refuseEnding(home);
      return pausePatch(home, await this.#podOf(home), this.#nowSeconds());
    });
  }

  /** Resumes a runtime; one that is not paused stays as it is. @throws HomeError */
  async resume(podName: string): Promise<Home> {
    return this.#change(podName, (home) => {
      refuseEnding(home);
      if (home.state !== "paused") return undefined;
      if (secondsLeft(home) <= 0)
        throw new HomeError(
          "credits-used-up",
          `runtime "${podName}" has used its credits; raise its credits_limit, then resume it`,
        );
      const obstacle = this.#options.obstacleOf(home);
      if (obstacle !== undefined) throw new HomeError("no-template", obstacle);
      return resumePatch(home);
    });
  }

  /**
   * Ends a runtime with a home; one that is ending stays so.
   * @param options - `onlyPaused` refuses a runtime that runs; `end` is why, in the usage of its Pod. @throws HomeError
   */
  async end(
    podName: string,
    { onlyPaused = false, end }: { onlyPaused?: boolean; end?: RuntimeEnd } = {},
  ): Promise<Home> {
    return this.#change(podName, (home) => {
      if (home.state === "ending") return undefined;
      if (onlyPaused && home.state !== "paused")
        throw new HomeError("not-paused", `runtime "${podName}" is not paused`);
      return endPatch(home, end);
    });
  }

  /** Changes what the home of a paused runtime says of it. @throws HomeError */
  async update(podName: string, change: (home: Home) => Partial<Assignment>): Promise<Home> {
    return this.#change(podName, (home) => {
      if (home.state !== "paused") throw new HomeError("not-paused", `runtime "${podName}" has just resumed`);
      return changePatch(home, change(home));
    });
  }

  async #change(
    podName: string,
    decide: (home: Home) => JsonPatchOperation[] | undefined | Promise<JsonPatchOperation[] | undefined>,
  ): Promise<Home> {
    const { client, volumeClaims } = this.#options;
    let cause: unknown;
    for (let attempt = 0; attempt < attempts; attempt++) {
      const home = await this.read(podName);
      if (!home) throw new HomeError("no-home", `no runtime with a home is named "${podName}"`);
      const patch = await decide(home);
      if (!patch) return home;
      try {
        const claim = await client.patch(PersistentVolumeClaim, home.claim.metadata, patch);
        volumeClaims.recordWrite(claim);
        return parseHome(claim) ?? home;
      } catch (error) {
        // What is there now tells whether the patch was carried out. One that is carried out later, and no
        // longer fits, is refused.
        if (!mayBeReadAgain(error)) throw error;
        cause = error;
      }
    }
    throw new HomeError("changed", `runtime "${podName}" changed while it was being changed`, { cause });
  }

  async #podOf({ runtime, ...home }: Home): Promise<AssignedRuntime | undefined> {
    const pod = await podNamed(this.#options.client, runtime);
    return pod && isAssigned(pod) && isItsPod(pod, { runtime, ...home }) ? pod : undefined;
  }

  #nowSeconds(): number {
    return Math.floor(this.#options.clock.now() / 1000);
  }
}

function refuseEnding({ state, runtime }: Home): void {
  if (state === "ending") throw new HomeError("ended", `runtime "${runtime.name}" is ending`);
}

function mayBeReadAgain(error: unknown): boolean {
  if (error instanceof ApiError) return error.isPatchRefused || error.isNotFound || error.isAmbiguous;
  return error instanceof TransportError;
}
