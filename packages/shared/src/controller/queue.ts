import { backoffMs } from "../clock/backoff.ts";
import { systemClock, type Clock } from "../clock/clock.ts";
import { DelayHeap } from "./delay-heap.ts";
import { FairKeys } from "./fair-keys.ts";

/** `user`: somebody waits for it (a spec was edited, a request came in). `normal`: everything else. */
export type Priority = "user" | "normal";

/** How to add a key. */
export interface AddOptions {
  /** `normal` by default; a key already waiting is raised to `user`, never lowered. */
  priority?: Priority;
  /** Not before this many milliseconds; 0 by default. The earliest request for a key wins. */
  afterMs?: number;
}

/** What a queue tells its metrics. Durations are in milliseconds. */
export interface QueueObserver {
  added(): void;
  started(queuedMs: number): void;
  finished(workMs: number): void;
  retried(): void;
}

/** What a queue is made of; everything but the name has a default. */
export interface QueueOptions {
  name: string;
  clock?: Clock;
  /** Uniform in [0, 1); `Math.random` by default. */
  random?: () => number;
  observer?: QueueObserver;
}

interface Waiting {
  priority: Priority;
  sinceMs: number;
}

/** After so many `user` keys in a row a `normal` one has its turn, so that thousands of edits do not stop the rest. */
const USER_KEYS_IN_A_ROW = 4;

/** Client-go's 5 ms start is too eager for one process. */
const BACKOFF = { firstMs: 250, longestMs: 300_000 };

/**
 * The work queue of one controller.
 *
 * Guarantees: a key is handed to one worker at a time; a key added while it is being worked on is handed out
 * again after `done`; adding a waiting key again adds nothing; a delayed key that is added without delay runs
 * now and only once. `user` keys go before `normal` ones, which still have every fifth turn; inside a priority
 * namespaces take turns.
 *
 * Every `take` that returned a key must be followed by `done`.
 */
export class WorkQueue {
  readonly name: string;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #observer: QueueObserver | undefined;

  /** Keys that must run; those not being worked on are also in a lane. */
  readonly #waiting = new Map<string, Waiting>();
  readonly #lanes: Record<Priority, FairKeys> = { user: new FairKeys(), normal: new FairKeys() };
  /** Keys being worked on, with the monotonic time of their start. */
  readonly #working = new Map<string, number>();
  readonly #delayed = new DelayHeap();
  readonly #delayedUser = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #takers = new Set<(key: string | undefined) => void>();
  #userKeysInARow = 0;
  #alarm: { dueMs: number; cancel: AbortController } | undefined;
  #drained: (() => void) | undefined;
  #stopped = false;

  constructor(options: QueueOptions) {
    this.name = options.name;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#observer = options.observer;
  }

  /** Asks for a run of this key. Ignored after shutdown. */
  add(key: string, options: AddOptions = {}): void {
    if (this.#stopped) return;
    const { priority = "normal", afterMs = 0 } = options;
    if (afterMs > 0) this.#delay(key, priority, afterMs);
    else this.#admit(key, priority);
  }

  /** The next key; waits for one. Undefined when the queue was shut down or the signal aborted. */
  take(signal?: AbortSignal): Promise<string | undefined> {
    if (this.#stopped || signal?.aborted) return Promise.resolve(undefined);
    const key = this.#next();
    if (key !== undefined) return Promise.resolve(key);
    return new Promise((resolve) => {
      const taker = (taken: string | undefined): void => {
        this.#takers.delete(taker);
        signal?.removeEventListener("abort", onAbort);
        resolve(taken);
      };
      const onAbort = (): void => taker(undefined);
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#takers.add(taker);
    });
  }

  /** Ends the work on a key that `take` returned. */
  done(key: string): void {
    const startedMs = this.#working.get(key);
    if (startedMs === undefined) return;
    this.#working.delete(key);
    this.#observer?.finished(this.#clock.monotonicMs() - startedMs);
    const waiting = this.#waiting.get(key);
    if (waiting) this.#enterLane(key, waiting.priority);
    if (this.#working.size === 0) this.#drained?.();
  }

  /** Asks for another run of a key that failed, after a back-off that grows with every call until `forget`. */
  retry(key: string, options: Pick<AddOptions, "priority"> = {}): void {
    const failures = this.failures(key) + 1;
    this.#failures.set(key, failures);
    this.#observer?.retried();
    this.add(key, { ...options, afterMs: backoffMs(failures, BACKOFF, this.#random) });
  }

  /** Ends the back-off of a key: the next failure is its first again. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** Failures in a row, as counted by `retry`. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** Keys that wait for a worker, delayed ones not counted. */
  get depth(): number {
    return this.#lanes.user.size + this.#lanes.normal.size;
  }

  /** Keys of one priority that wait for a worker. */
  depthOf(priority: Priority): number {
    return this.#lanes[priority].size;
  }

  /** For each key being worked on, how long already, in milliseconds. */
  workingForMs(): number[] {
    const nowMs = this.#clock.monotonicMs();
    return [...this.#working.values()].map((startedMs) => nowMs - startedMs);
  }

  /**
   * Hands out no further key and forgets the waiting ones (whoever reconciles next starts from a full list).
   * Resolves when the keys being worked on are done.
   */
  shutdown(): Promise<void> {
    this.#stopped = true;
    this.#alarm?.cancel.abort();
    this.#alarm = undefined;
    this.#waiting.clear();
    this.#lanes.user.clear();
    this.#lanes.normal.clear();
    this.#delayed.clear();
    this.#delayedUser.clear();
    for (const taker of [...this.#takers]) taker(undefined);
    if (this.#working.size === 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const earlier = this.#drained;
    this.#drained = () => {
      earlier?.();
      resolve(undefined);
    };
    return promise;
  }

  #admit(key: string, priority: Priority): void {
    this.#delayed.delete(key);
    const raised: Priority = this.#delayedUser.delete(key) ? "user" : priority;
    const waiting = this.#waiting.get(key);
    if (!waiting) {
      this.#observer?.added();
      this.#waiting.set(key, { priority: raised, sinceMs: this.#clock.monotonicMs() });
      if (!this.#working.has(key)) this.#enterLane(key, raised);
    } else if (raised === "user" && waiting.priority === "normal") {
      waiting.priority = "user";
      if (this.#lanes.normal.delete(key)) this.#enterLane(key, "user");
    }
  }

  #delay(key: string, priority: Priority, afterMs: number): void {
    // A waiting key runs sooner than any delay; its outcome says when it wants to run again.
    if (this.#waiting.has(key)) return;
    this.#delayed.add(key, this.#clock.monotonicMs() + afterMs);
    if (priority === "user") this.#delayedUser.add(key);
    this.#setAlarm();
  }

  #enterLane(key: string, priority: Priority): void {
    this.#lanes[priority].add(key);
    const [taker] = this.#takers;
    if (taker) taker(this.#next());
  }

  #next(): string | undefined {
    const key = this.#shift();
    if (key === undefined) return undefined;
    const nowMs = this.#clock.monotonicMs();
    const sinceMs = this.#waiting.get(key)?.sinceMs ?? nowMs;
    this.#waiting.delete(key);
    this.#working.set(key, nowMs);
    this.#observer?.started(nowMs - sinceMs);
    return key;
  }

  #shift(): string | undefined {
    const { user, normal } = this.#lanes;
    const isTurnOfUser = this.#userKeysInARow < USER_KEYS_IN_A_ROW || normal.size === 0;
    const key = isTurnOfUser ? user.shift() : undefined;
    this.#userKeysInARow = key === undefined ? 0 : this.#userKeysInARow + 1;
    return key ?? normal.shift();
  }

  /** One timer, set for the earliest delayed key. */
  #setAlarm(): void {
    const dueMs = this.#delayed.nextDueMs;
    if (dueMs === undefined || (this.#alarm && this.#alarm.dueMs <= dueMs)) return;
    // With a reason: without one the platform makes an error with a stack, for each change of the alarm.
    this.#alarm?.cancel.abort("earlier");
    const alarm = { dueMs, cancel: new AbortController() };
    this.#alarm = alarm;
    const afterMs = Math.max(0, dueMs - this.#clock.monotonicMs());
    this.#clock.sleep(afterMs, alarm.cancel.signal).then(
      () => this.#ring(),
      () => undefined, // cancelled: an earlier alarm took its place, or the queue was shut down
    );
  }

  #ring(): void {
    this.#alarm = undefined;
    const nowMs = this.#clock.monotonicMs();
    for (let key = this.#delayed.takeDue(nowMs); key !== undefined; key = this.#delayed.takeDue(nowMs)) {
      this.#admit(key, "normal");
    }
    this.#setAlarm();
  }
}
