import { Informer } from "@datalayer/shared/kube/informer";
import { Pod } from "@datalayer/shared/kube/kinds";
import type { RestClient } from "@datalayer/shared/kube/rest";

const label = { pool: "runtime-pools.datalayer.io/name", state: "runtime-pools.datalayer.io/pod-status" };
const replacedWithinMs = 120_000;

/** Follows the available runtimes of every pool. */
export class WarmRuntimes {
  readonly #pods: Informer<Pod>;
  readonly #watching = new AbortController();

  private constructor(admin: RestClient, namespace: string) {
    const labelSelector = `app=runtime-pools,${label.state}=available`;
    this.#pods = new Informer({ client: admin, kind: Pod, namespace, labelSelector });
  }

  /** Begins with those that are there now. */
  static async watch(admin: RestClient, namespace: string): Promise<WarmRuntimes> {
    const warm = new WarmRuntimes(admin, namespace);
    warm.#pods.start(warm.#watching.signal);
    await warm.#pods.synced();
    return warm;
  }

  stop(): void {
    this.#watching.abort();
  }

  get count(): number {
    return this.#pods.list().length;
  }

  /** One of each pool, of this many pools at most. */
  oneOfEachPool(most: number): Pod[] {
    const byPool = new Map(this.#pods.list().map((pod) => [poolOf(pod), pod]));
    return [...byPool.values()].slice(0, most);
  }

  /**
   * Resolves with the milliseconds until the pool of `gone` has another available runtime, from now on. Call it just
   * before the deletion. @throws Error when there is none within two minutes.
   */
  async replacementOf(gone: Pod): Promise<number> {
    const pool = poolOf(gone);
    const startMs = performance.now();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    let known = true;
    const unsubscribe = this.#pods.onChange(({ type, object }) => {
      // Those that are there already are told of at once.
      if (!known && type === "added" && poolOf(object) === pool) resolve(performance.now() - startMs);
    });
    known = false;
    const timer = setTimeout(
      () => reject(new Error(`pool ${pool} got no replacement within ${replacedWithinMs / 1000} s`)),
      replacedWithinMs,
    );
    return promise.finally(() => {
      clearTimeout(timer);
      unsubscribe();
    });
  }
}

function poolOf({ metadata }: Pod): string {
  return metadata.labels?.[label.pool] ?? "";
}
