import type { Clock } from "@datalayer/shared/clock/clock";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { Pod } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RestClient } from "@datalayer/shared/kube/rest";
import type { Logger } from "@datalayer/shared/log/logger";
import type { Runtime } from "../runtime/runtime.ts";
import type { ClaimOrder } from "./claim-order.ts";

/** What Pods are abandoned with. */
export interface AbandonerOptions {
  client: RestClient;
  pods: ObjectReader<Pod>;
  order: ClaimOrder;
  clock: Clock;
  log: Logger;
}

const waitMs = 5_000;
const retryMs = 500;

/**
 * Deletes Pods that a claim took, or may have taken, and does not use.
 *
 * The deletion is by UID and goes on until the API server has answered: a claim patch that is still under
 * way somewhere finds no Pod to change.
 */
export class Abandoner {
  readonly #options: AbandonerOptions;
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: AbandonerOptions) {
    this.#options = options;
  }

  /** Deletes the Pod; after 5 s without an answer it goes on in the background. */
  async abandon(runtime: Runtime): Promise<void> {
    const { order, clock } = this.#options;
    order.giveUp(runtime.pod);
    const deletion = this.#deleteUntilAnswered(runtime);
    this.#underWay.add(deletion);
    void deletion.finally(() => this.#underWay.delete(deletion));
    await Promise.race([deletion, clock.sleep(waitMs)]);
  }

  /** Resolves when every deletion has been answered: the last step of a shutdown. */
  async drained(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #deleteUntilAnswered(runtime: Runtime): Promise<void> {
    const { client, clock, log, pods } = this.#options;
    const { name, namespace, uid } = runtime;
    for (;;) {
      try {
        await client.delete(Pod, runtime, { uid });
        pods.recordDelete(runtime, uid);
        return;
      } catch (error) {
        // 404 or 409: the Pod of this UID is gone, which is all that was wanted.
        if (error instanceof ApiError && (error.isNotFound || error.isConflict)) return;
        log.warn("an abandoned runtime is not deleted yet", { namespace, pod: name, error });
        await clock.sleep(retryMs);
      }
    }
  }
}
