import type { Clock } from "@datalayer/shared/clock/clock";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import type { Pod } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { Runtime } from "../runtime/runtime.ts";
import type { Runtimes } from "../runtime/runtimes.ts";
import { isIdleFor, type Observation } from "./idleness.ts";

/** What observations are kept with. */
export interface ObservationsOptions {
  pods: ObjectReader<Pod>;
  pools: ObjectReader<RuntimePool>;
  runtimes: Runtimes;
  clock: Clock;
}

/**
 * What is known of the use of assigned runtimes. Every replica notes when it sees one become somebody's, so that
 * the next leader need not begin to count anew; after a restart of all of them it does.
 */
export class Observations {
  readonly #options: ObservationsOptions;
  /** By uid of the Pod. */
  readonly #known = new Map<string, Observation>();

  /** Make it before the caches are started. */
  constructor(options: ObservationsOptions) {
    this.#options = options;
    const { pods, runtimes, clock } = options;
    pods.onChange(({ type, object }) => {
      const { uid } = object.metadata;
      if (type === "deleted") this.#known.delete(uid);
      else if (!this.#known.has(uid) && runtimes.of(object)?.assignment !== undefined)
        this.#known.set(uid, { countedFromMs: clock.monotonicMs() });
    });
  }

  /** What is known of a runtime; undefined when it is nobody's, or gone. */
  of({ uid }: Runtime): Observation | undefined {
    return this.#known.get(uid);
  }

  /** Notes what was learnt; not of one that has gone meanwhile. */
  note({ uid }: Runtime, observation: Observation): void {
    if (this.#known.has(uid)) this.#known.set(uid, observation);
  }

  /** How many runtimes did not answer when they were last asked. */
  get unanswered(): number {
    return [...this.#known.values()].filter(({ askedAtMs, answer }) => askedAtMs !== undefined && !answer)
      .length;
  }

  /** The idle time after which a runtime ends; undefined when it does not, or its pool is gone. */
  cullMsOf({ namespace, pool }: Runtime): number | undefined {
    const seconds = this.#options.pools.get({ namespace, name: pool })?.spec.cull?.seconds ?? 0;
    return seconds > 0 ? seconds * 1000 : undefined;
  }

  /** Whether its server has just said that nobody has used the runtime for as long as its pool allows. */
  isIdle(runtime: Runtime): boolean {
    const known = this.of(runtime);
    const cullMs = this.cullMsOf(runtime);
    return (
      known !== undefined &&
      cullMs !== undefined &&
      isIdleFor(known, cullMs, this.#options.clock.monotonicMs())
    );
  }
}
