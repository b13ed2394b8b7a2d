import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { dataOf, RefusedError } from "@datalayer/runtime-client/client";
import { environmentOfExample } from "@datalayer/tools/start/example";
import { clientOf, type OperatorApi } from "@datalayer/tools/start/rest";

/**
 * A user who claims a runtime and ends it, over and over, as a careful client does: a request that got no answer is
 * repeated under the same key, at whichever replica is ready by then.
 */
export class Claims {
  readonly #user: string;
  readonly #api: () => Promise<OperatorApi>;
  readonly #done: Promise<string[]>;
  #hasEnded = false;

  constructor(user: string, api: () => Promise<OperatorApi>) {
    this.#user = user;
    this.#api = api;
    this.#done = this.#run();
  }

  /** Lets the claim under way come to its end; resolves with the names of all Pods that were handed out. */
  async end(): Promise<string[]> {
    this.#hasEnded = true;
    return this.#done;
  }

  async #run(): Promise<string[]> {
    const pods: string[] = [];
    while (!this.#hasEnded) {
      const pod_name = await this.#claim(randomUUID());
      pods.push(pod_name);
      await this.#repeat((client) =>
        dataOf(client.DELETE("/api/operator/v1/runtimes/{pod_name}", { params: { path: { pod_name } } })),
      );
    }
    return pods;
  }

  async #claim(key: string): Promise<string> {
    const body = { environment_name: environmentOfExample, user_uid: this.#user, credits_limit: 100 };
    const params = { header: { "idempotency-key": key, prefer: "wait=10" } };
    const { runtime } = await this.#repeat((client) =>
      dataOf(client.POST("/api/operator/v1/runtimes", { body, params })),
    );
    return runtime.pod_name;
  }

  /** Until the API answers; what it refuses for good is an error. */
  async #repeat<T>(request: (client: ReturnType<typeof clientOf>) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await request(clientOf(await this.#api()));
      } catch (error) {
        if (error instanceof RefusedError && ![429, 503].includes(error.status)) throw error;
        await delay(50);
      }
    }
  }
}
