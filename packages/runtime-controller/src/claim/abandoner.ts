import type { Clock } from "@datalayer/shared/clock/clock";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { deleteIfThere } from "@datalayer/shared/kube/delete-if-there";
import { Pod } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RestClient } from "@datalayer/shared/kube/rest";
import type { Logger } from "@datalayer/shared/log/logger";
import { parseRuntime, type Runtime } from "../runtime/runtime.ts";

/** What Pods are abandoned with. */
export interface AbandonerOptions {
  client: RestClient;
  pods: ObjectReader<Pod>;
  clock: Clock;
  log: Logger;
}

const waitMs = 5_000;
const retryMs = 500;

/**
 * Ends what a claim took, or may have taken, and does not use.
 *
 * Each call goes on until the API server has answered, in the background when that takes more than 5 s: then
 * a claim patch that is still under way somewhere finds no Pod to change.
 */
export class Abandoner {
  readonly #options: AbandonerOptions;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(options: AbandonerOptions) {
    this.#options = options;
  }

  /**
   * Deletes the Pod, unless another claim has it.
   * @param claimId - of the claim that does not want it; default the one that the runtime carries.
   */
  async abandon(runtime: Runtime, claimId = runtime.assignment?.claimId): Promise<void> {
    await this.#insist(runtime, async () => {
      const ours = await this.#removeUnclaimed(runtime, claimId);
      // By UID is enough: what a claim has, no other gets.
      if (ours) await this.#remove(runtime);
    });
  }

  /**
   * Deletes the Pod unless the claim has it: under an Idempotency-Key another replica may have answered with it
   * already. Resolves with the Pod when the claim has it, and is known to within 5 s.
   */
  async forestall(runtime: Runtime, claimId: string): Promise<Pod | undefined> {
    return this.#insist(runtime, () => this.#removeUnclaimed(runtime, claimId));
  }

  /** Resolves when all has been answered: the last step of a shutdown. */
  async drained(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #insist<Result>(runtime: Runtime, attempt: () => Promise<Result>): Promise<Result | undefined> {
    const { clock } = this.#options;
    const work = this.#untilAnswered(runtime, attempt);
    this.#underWay.add(work);
    void work.finally(() => this.#underWay.delete(work));
    return Promise.race([work, clock.sleep(waitMs).then(() => undefined)]);
  }

  async #untilAnswered<Result>(
    { namespace, name }: Runtime,
    attempt: () => Promise<Result>,
  ): Promise<Result | undefined> {
    const { clock, log } = this.#options;
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (error instanceof ApiError && error.isNotFound) return undefined;
        log.warn("an abandoned runtime is not deleted yet", { namespace, pod: name, error });
        await clock.sleep(retryMs);
      }
    }
  }

  async #remove(runtime: Runtime): Promise<void> {
    const { client, pods } = this.#options;
    await deleteIfThere(client, Pod, runtime);
    pods.recordDelete(runtime, runtime.uid);
  }

  /** Resolves with the Pod when the claim has it; one that another claim has is left alone. */
  async #removeUnclaimed(runtime: Runtime, claimId: string | undefined): Promise<Pod | undefined> {
    const { client, pods } = this.#options;
    const { uid } = runtime;
    const pod = await client.get(Pod, runtime);
    const now = parseRuntime(pod);
    if (now?.uid !== uid || now.terminating) return undefined;
    if (now.assignment) return now.assignment.claimId === claimId ? pod : undefined;
    // Of this very version: a claim that is carried out meanwhile makes it a conflict.
    await client.delete(Pod, runtime, { uid, resourceVersion: pod.metadata.resourceVersion });
    pods.recordDelete(runtime, uid);
    return undefined;
  }
}
