import type { Clock } from "@datalayer/shared/clock/clock";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import type { ClaimQueue, Wait } from "../claim-queue/claim-queue.ts";
import { hasMounted } from "../mount/content-mounts.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Candidates } from "./candidates.ts";
import type { ClaimError } from "./claim-error.ts";
import type { ClaimRequest } from "./claim-request.ts";
import { wanted } from "./pool-choice.ts";
import type { RightOfWay } from "./right-of-way.ts";

/** What candidates are found with. */
export interface CandidateSearchOptions {
  candidates: Candidates;
  queue: ClaimQueue;
  rightOfWay: RightOfWay;
  clock: Clock;
}

/** Finds the runtimes that one claim may try, one after the other; waits for them where the caller wants that. */
export class CandidateSearch {
  readonly #options: CandidateSearchOptions;
  readonly #wait: Wait;
  #hasWaited = false;

  /** @param point - where the claim begins on the ring of a pool. */
  constructor(
    options: CandidateSearchOptions,
    claim: { request: ClaimRequest; eligible: readonly RuntimePool[]; point: string },
  ) {
    const { request, eligible, point } = claim;
    const { userUid, waitMs = 0, signal, contents = [] } = request;
    this.#options = options;
    this.#wait = {
      userUid,
      signal,
      point,
      pools: eligible.map(({ metadata }) => ({ namespace: metadata.namespace ?? "", name: metadata.name })),
      wanted: wanted(request),
      suits: contents.length === 0 ? undefined : ({ pod }) => hasMounted(pod, contents),
      untilMs: waitMs > 0 ? options.clock.monotonicMs() + waitMs : undefined,
    };
  }

  /** The next candidate, reserved on this replica. @throws ClaimError when there is none; see {@link ClaimQueue}. */
  async next(): Promise<Runtime> {
    const { candidates, queue, rightOfWay } = this.#options;
    for (const pool of this.#wait.pools) {
      const runtime = candidates.take(pool, this.#wait.point, this.#wait.suits);
      if (runtime) return runtime;
    }
    const again = this.#hasWaited;
    this.#hasWaited = true;
    return rightOfWay.rest(() => queue.wait({ ...this.#wait, again }));
  }

  /** The refusal when every candidate was taken by others: as good as if there had been none. */
  exhausted(): ClaimError {
    return this.#options.queue.refusal(this.#wait);
  }
}
