import { backoffMs } from "@datalayer/shared/clock/backoff";
import type { Clock } from "@datalayer/shared/clock/clock";
import type { IsLeftover } from "./leftovers.ts";
import type { Replica } from "./replicas.ts";
import { type Router, readRouters, type Routers } from "./routers.ts";

/** What is known of one replica; times are monotonic milliseconds. */
export interface ReplicaView {
  readonly replica: Replica;
  /** When it was first heard of. */
  readonly foundAtMs: number;
  /** What it showed last, and when it was asked for that. */
  routers?: Routers;
  /** Those of them that no Route is behind any more. */
  leftovers?: readonly Router[];
  readAtMs?: number;
  /** Why it could not be asked since then. */
  failure?: { message: string; atMs: number };
}

interface View extends ReplicaView {
  failures: number;
  dueAtMs: number;
}

const listEveryMs = 2_000;
const backoff = { firstMs: 500, longestMs: 30_000 };

/** The replicas of one class, and what each showed when it was last asked. */
export class DataPlane {
  readonly #clock: Clock;
  readonly #isLeftover: IsLeftover;
  readonly #views = new Map<string, View>();
  #listedAtMs = -Infinity;

  constructor({ clock, isLeftover }: { clock: Clock; isLeftover: IsLeftover }) {
    this.#clock = clock;
    this.#isLeftover = isLeftover;
  }

  get views(): readonly ReplicaView[] {
    return [...this.#views.values()];
  }

  /** Whether it is time to list the replicas again: new ones are found within two seconds. */
  get isStale(): boolean {
    return this.#clock.monotonicMs() - this.#listedAtMs >= listEveryMs;
  }

  /** Takes over which replicas there are now; one with another address is another one. */
  keep(replicas: readonly Replica[]): void {
    const before = new Map(this.#views);
    this.#views.clear();
    const foundAtMs = this.#clock.monotonicMs();
    this.#listedAtMs = foundAtMs;
    for (const replica of replicas) {
      const known = before.get(replica.name);
      const isSame = known && JSON.stringify(known.replica) === JSON.stringify(replica);
      this.#views.set(replica.name, isSame ? known : { replica, foundAtMs, failures: 0, dueAtMs: 0 });
    }
  }

  /** Asks every replica for its routers, once; one that does not answer is left alone for up to half a minute. */
  async read(signal: AbortSignal): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    const due = [...this.#views.values()].filter(({ dueAtMs }) => dueAtMs <= nowMs);
    await Promise.all(due.map((view) => this.#readOne(view, signal)));
  }

  async #readOne(view: View, signal: AbortSignal): Promise<void> {
    const startMs = this.#clock.monotonicMs();
    const { api } = view.replica;
    try {
      if (api === undefined)
        throw new Error("its Service has no port of the name that the RouteClass gives to the API");
      view.routers = await readRouters(api, signal);
      view.leftovers = [...view.routers.values()].filter(this.#isLeftover);
      view.readAtMs = startMs;
      delete view.failure;
      view.failures = 0;
    } catch (error) {
      if (signal.aborted) throw error;
      view.failure = { message: messageOf(error), atMs: startMs };
      view.failures++;
      view.dueAtMs = startMs + backoffMs(view.failures, backoff, Math.random);
    }
  }
}

/** `fetch` says only that it failed; the reason lies below. */
function messageOf(error: unknown): string {
  const { cause } = error as Error;
  if (cause instanceof Error) return cause.message;
  return error instanceof Error ? error.message : String(error);
}
