import type { Clock } from "@datalayer/shared/clock/clock";
import { keyOf, refOf } from "@datalayer/shared/kube/object";
import type { Candidates } from "../claim/candidates.ts";
import { ClaimError } from "../claim/claim-error.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Forecast } from "./forecast.ts";
import type { QueueMetrics } from "./queue-metrics.ts";
import { type Ticket, WaitingLine } from "./waiting-line.ts";

/** What the queue works with. */
export interface ClaimQueueOptions {
  candidates: Candidates;
  forecast: Forecast;
  clock: Clock;
  metrics: QueueMetrics;
  /** Claims that may wait at once. */
  maxLength: number;
}

/** A claim that is ready to wait. */
export interface Wait {
  userUid: string;
  pools: readonly { namespace: string; name: string }[];
  /** What was asked for, as the end of a sentence. */
  wanted: string;
  /** Where it begins on the ring of a pool. */
  point: string;
  /** Whether a runtime of these pools will do, where not each of them does. */
  suits?: (runtime: Runtime) => boolean;
  /** When it has waited long enough, on the monotonic clock. Absent: it does not wait at all. */
  untilMs?: number;
  /** Aborts when nobody waits for the answer any more. */
  signal?: AbortSignal;
  /** It has waited before, and what it got was taken by another replica: it is the next again. */
  again?: boolean;
}

interface Waiting extends Ticket {
  suits: (runtime: Runtime) => boolean;
  serve: (runtime: Runtime) => void;
  refuse: (error: ClaimError) => void;
}

/**
 * Claims that wait for a runtime while their pools are empty.
 *
 * A runtime is handed to a waiting claim in the very moment in which it becomes available, so no later claim gets
 * in between; see {@link WaitingLine} for the order. When the queue is full, the user with the most waiting claims
 * gives way.
 *
 * Each replica has a queue of its own: fairness holds among the claims of one replica, and between replicas
 * whoever patches the Pod first gets it.
 */
export class ClaimQueue {
  readonly #options: ClaimQueueOptions;
  readonly #line = new WaitingLine<Waiting>();
  #closed = false;

  constructor(options: ClaimQueueOptions) {
    this.#options = options;
    options.candidates.onOffer((runtime) => this.#hand(runtime));
  }

  /** Claims of a user that wait. */
  waitingOf(userUid: string): number {
    return this.#line.ofUser(userUid);
  }

  /**
   * Waits for a runtime, which is then reserved for this claim.
   * @throws ClaimError `pool-empty` when there is none in time, `too-many-waiting` when the queue is full of claims
   *   of this user, `caller-gone`, or `unavailable` when the replica ends.
   */
  async wait(wait: Wait): Promise<Runtime> {
    const { clock, metrics } = this.#options;
    const startedMs = clock.monotonicMs();
    const { untilMs = startedMs } = wait;
    if (untilMs <= startedMs) throw this.refusal(wait);
    let result = "served";
    try {
      return await this.#enter(wait, untilMs - startedMs);
    } catch (error) {
      result = error instanceof ClaimError ? error.refusal : "failed";
      throw error;
    } finally {
      metrics.depth.set(this.#line.size);
      metrics.waited.observe({ result }, (clock.monotonicMs() - startedMs) / 1000);
    }
  }

  /** What a claim is told that does not wait, or waits no longer. */
  refusal(wait: Wait): ClaimError {
    return this.#empty(wait, this.#line.waitingFor(keysOf(wait)));
  }

  /** Sends every waiting claim away, and those that come later: the replica ends. */
  close(): void {
    this.#closed = true;
    for (const ticket of this.#line.all()) ticket.refuse(closing());
  }

  async #enter(wait: Wait, forMs: number): Promise<Runtime> {
    const { clock, metrics } = this.#options;
    const done = new AbortController();
    const served = Promise.withResolvers<Runtime>();
    const ticket: Waiting = {
      userUid: wait.userUid,
      pools: keysOf(wait),
      suits: wait.suits ?? (() => true),
      serve: served.resolve,
      refuse: (error) => {
        // At once: a runtime handed to a claim that is gone would be given to nobody.
        this.#line.remove(ticket);
        served.reject(error);
      },
    };
    const gone = (): void => ticket.refuse(new ClaimError("caller-gone", "the caller went away"));
    this.#admit(ticket, wait);
    metrics.depth.set(this.#line.size);
    wait.signal?.addEventListener("abort", gone, { once: true });
    void clock.sleep(forMs, done.signal).then(
      () => ticket.refuse(this.#empty(wait, this.#line.ahead(ticket), forMs)),
      () => undefined,
    );
    try {
      return await served.promise;
    } finally {
      done.abort();
      wait.signal?.removeEventListener("abort", gone);
    }
  }

  #admit(ticket: Waiting, wait: Wait): void {
    if (this.#closed) throw closing();
    if (wait.signal?.aborted) throw new ClaimError("caller-gone", "the caller went away");
    if (wait.again) {
      this.#line.putBack(ticket);
      return;
    }
    if (this.#line.size >= this.#options.maxLength) this.#makeRoom(ticket, wait);
    this.#line.add(ticket);
  }

  /** The user that would have the most waiting claims, this one included, loses the youngest. */
  #makeRoom(ticket: Waiting, wait: Wait): void {
    const own = this.#line.ofUser(ticket.userUid);
    const heaviest = this.#line.last();
    const most = heaviest ? this.#line.ofUser(heaviest.userUid) : 0;
    if (heaviest && most > own + 1) {
      heaviest.refuse(this.#tooMany(most, heaviest.pools));
      return;
    }
    if (own > 0) throw this.#tooMany(own, ticket.pools);
    throw this.refusal(wait);
  }

  /** Runs while the watch delivers: nobody can take the runtime in between. */
  #hand(runtime: Runtime): void {
    const pool = { namespace: runtime.namespace, name: runtime.pool };
    const ticket = this.#line.next(keyOf(pool), ({ suits }) => suits(runtime));
    if (!ticket) return;
    this.#options.candidates.reserve(runtime);
    ticket.serve(runtime);
  }

  #empty({ pools, wanted, suits }: Wait, ahead: number, waitedMs = 0): ClaimError {
    const runtime = suits ? "runtime with the contents that the claim names" : "runtime";
    const waited = waitedMs > 0 ? ` after ${Math.round(waitedMs / 1000)} s` : "";
    const behind = ahead > 0 ? `, with ${ahead} waiting before this claim` : "";
    return new ClaimError(
      "pool-empty",
      `no ${runtime} is available in a pool that ${wanted}${waited}${behind}`,
      {
        retryAfterMs: this.#options.forecast.availableInMs(pools, ahead, suits),
        facts: { queue_position: ahead + 1 },
      },
    );
  }

  #tooMany(waiting: number, pools: ReadonlySet<string>): ClaimError {
    const message = `the queue is full, and most of it, ${waiting} claims, are of this user`;
    return new ClaimError("too-many-waiting", message, {
      retryAfterMs: this.#options.forecast.availableInMs([...pools].map(refOf), this.#line.waitingFor(pools)),
      facts: { waiting },
    });
  }
}

function closing(): ClaimError {
  return new ClaimError("unavailable", "this replica ends; another one serves the claim", {
    retryAfterMs: 1_000,
  });
}

function keysOf({ pools }: Wait): Set<string> {
  return new Set(pools.map((pool) => keyOf(pool)));
}
