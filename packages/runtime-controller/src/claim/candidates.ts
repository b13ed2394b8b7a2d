import type { Pod } from "@datalayer/shared/kube/kinds";
import { keyOf } from "@datalayer/shared/kube/object";
import { parseRuntime, type Runtime } from "../runtime/runtime.ts";
import { Ring } from "./ring.ts";

/**
 * The runtimes that this replica may offer to a claim, by pool.
 *
 * A taken runtime stays off its ring until the watch shows that it is gone or claimed, or it is put back.
 * That only saves work: the API server alone decides who gets a runtime.
 */
export class Candidates {
  readonly #rings = new Map<string, Ring>();
  readonly #offered = new Map<string, Runtime>();
  readonly #taken = new Set<string>();
  readonly #parse: (pod: Pod) => Runtime | undefined;
  #offer: (runtime: Runtime) => void = () => undefined;

  /** @param parse - reads a Pod as a runtime; give one that remembers, and thousands are kept once. */
  constructor(parse: (pod: Pod) => Runtime | undefined = parseRuntime) {
    this.#parse = parse;
  }

  /** Calls the handler for each runtime that can be taken from now on, before any claim takes it. */
  onOffer(handler: (runtime: Runtime) => void): void {
    this.#offer = handler;
  }

  /** Follows one change of a Pod, in watch order. */
  observe(pod: Pod, deleted = false): void {
    const { uid } = pod.metadata;
    const runtime = deleted ? undefined : this.#parse(pod);
    if (runtime && isClaimable(runtime)) {
      this.#offered.set(uid, runtime);
      if (!this.#taken.has(uid)) this.#putOnRing(runtime);
      return;
    }
    this.#taken.delete(uid);
    const offered = this.#offered.get(uid);
    if (!offered) return;
    this.#offered.delete(uid);
    this.#removeFromRing(offered);
  }

  /** Number of runtimes of the pool that can be taken now. */
  count(pool: { namespace: string; name: string }): number {
    return this.#rings.get(keyOf(pool))?.size ?? 0;
  }

  /**
   * Takes the pool's runtime that is next after the point of `key`; undefined when it has none.
   * @param suits - passes over those for which it is false. Default: none.
   */
  take(
    pool: { namespace: string; name: string },
    key: string,
    suits: (runtime: Runtime) => boolean = () => true,
  ): Runtime | undefined {
    const suitsUid = (uid: string): boolean => {
      const offered = this.#offered.get(uid);
      return offered !== undefined && suits(offered);
    };
    const uid = this.#rings.get(keyOf(pool))?.successor(key, suitsUid);
    const runtime = uid === undefined ? undefined : this.#offered.get(uid);
    if (runtime) this.reserve(runtime);
    return runtime;
  }

  /** Takes this very runtime, so that no claim of this replica tries it. */
  reserve(runtime: Runtime): void {
    this.#taken.add(runtime.uid);
    this.#removeFromRing(runtime);
  }

  /** Puts back a runtime that was not claimed after all. */
  putBack(runtime: Runtime): void {
    this.#taken.delete(runtime.uid);
    const offered = this.#offered.get(runtime.uid);
    if (offered) this.#putOnRing(offered);
  }

  /** Follows a claim that did not get the runtime, with the Pod as it was found; undefined when it is gone. */
  lost(runtime: Runtime, pod: Pod | undefined): void {
    this.#taken.delete(runtime.uid);
    this.observe(pod ?? runtime.pod, pod === undefined);
  }

  #putOnRing(runtime: Runtime): void {
    this.#ringOf(runtime).add(runtime.uid);
    this.#offer(runtime);
  }

  #ringOf({ namespace, pool }: Runtime): Ring {
    const key = keyOf({ namespace, name: pool });
    const ring = this.#rings.get(key) ?? new Ring();
    this.#rings.set(key, ring);
    return ring;
  }

  #removeFromRing({ namespace, pool, uid }: Runtime): void {
    const key = keyOf({ namespace, name: pool });
    const ring = this.#rings.get(key);
    ring?.remove(uid);
    if (ring?.size === 0) this.#rings.delete(key);
  }
}

/** Whether a claim of the runtime can succeed, as far as this replica has seen. */
export function isClaimable(runtime: Runtime): boolean {
  return runtime.state === "available" && !runtime.terminating && runtime.ready;
}
