import type { Clock } from "@datalayer/shared/clock/clock";
import type { Pod } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { Runtime } from "../runtime/runtime.ts";
import type { Routing } from "./routing.ts";

/** A runtime that is ready, and whose URL does not lead to it. */
export interface Unrouted {
  /** A sentence for people. */
  readonly why: string;
  /** For how long that has been so, as far as this process knows. */
  readonly waitedMs: number;
}

/**
 * Since when runtimes that are ready wait for their Routes. It is remembered by this process only, whose clock nobody
 * sets; the next leader counts anew.
 */
export class RouteWaits {
  readonly #routing: Routing;
  readonly #clock: Clock;
  /** By UID of the Pod; monotonic. */
  readonly #sinceMs = new Map<string, number>();

  /** Make it before the caches are started. */
  constructor(options: { routing: Routing; pods: ObjectReader<Pod>; clock: Clock }) {
    this.#routing = options.routing;
    this.#clock = options.clock;
    options.pods.onChange(({ type, object }) => {
      if (type === "deleted") this.#sinceMs.delete(object.metadata.uid);
    });
  }

  /** How long a runtime waits before it is offered all the same; undefined where runtimes have no Routes. */
  get limitMs(): number | undefined {
    return this.#routing.isOn ? this.#routing.waitMs : undefined;
  }

  /** What a runtime that is ready waits for; undefined once its Route leads to it, and where there are none. */
  of(runtime: Runtime): Unrouted | undefined {
    const { uid } = runtime;
    const why = this.#routing.whyUnrouted(runtime);
    if (why === undefined) {
      this.#sinceMs.delete(uid);
      return undefined;
    }
    const nowMs = this.#clock.monotonicMs();
    const sinceMs = this.#sinceMs.get(uid) ?? nowMs;
    this.#sinceMs.set(uid, sinceMs);
    return { why, waitedMs: nowMs - sinceMs };
  }

  /** Why a runtime that is ready is not offered yet; undefined once its Route leads to it, or it has waited enough. */
  whyHeld(runtime: Runtime): string | undefined {
    const { why, waitedMs = Infinity } = this.of(runtime) ?? {};
    return waitedMs < (this.limitMs ?? 0) ? why : undefined;
  }
}
