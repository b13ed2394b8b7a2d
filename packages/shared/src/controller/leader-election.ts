import { randomUUID } from "node:crypto";
import { systemClock, type Clock } from "../clock/clock.ts";
import { silentLogger, type Logger } from "../log/logger.ts";
import { LeaderTerm, type Term } from "./leader-term.ts";
import type { LeaseCallOptions, LeaseRecord, LeaseRegister, StoredLease } from "./lease.ts";

/** The three times of an election, in milliseconds. `retryPeriod < renewDeadline < leaseDuration`. */
export interface ElectionTiming {
  /** Candidates leave the lease alone for this long after they last saw it change. 15 s by default. */
  leaseDurationMs: number;
  /** A leader that could not renew for this long stops writing. 10 s by default. */
  renewDeadlineMs: number;
  /** A leader renews this often; candidates look twice as often. 2 s by default, +-20 %. */
  retryPeriodMs: number;
}

/** What an election tells its metrics. */
export interface ElectionObserver {
  leading(isLeading: boolean): void;
  /** A renewal had to read the lease first. */
  slowpath(): void;
}

/** What an elector is made of. */
export interface LeaderElectorOptions {
  lease: LeaseRegister;
  /** Unique to this process: see {@link electionIdentity}. */
  identity: string;
  timing?: ElectionTiming;
  /** How late the event loop runs, in milliseconds. A process that lags cannot renew in time, so it does not lead. */
  eventLoopLagMs?: () => number;
  clock?: Clock;
  /** Uniform in [0, 1); `Math.random` by default. */
  random?: () => number;
  log?: Logger;
  observer?: ElectionObserver;
}

/** `stopped`: the lease was given back, or never held. `lost`: another may lead already; let the process exit. */
export type ElectionEnd = "stopped" | "lost";

const DEFAULT_TIMING: ElectionTiming = {
  leaseDurationMs: 15_000,
  renewDeadlineMs: 10_000,
  retryPeriodMs: 2_000,
};

/** Leadership is not taken while the event loop runs later than this. */
const MAX_LAG_MS = 2_000;

/** An identity for this process: the pod name for people, and a random part, as a restarted pod is somebody else. */
export function electionIdentity(podName: string): string {
  return `${podName}_${randomUUID()}`;
}

/**
 * Elects one leader by a lease.
 *
 * Flow: candidates read the lease until it is free or has not changed for its duration, then take it by
 * compare-and-swap. The leader renews by an update with the version it remembers, and reads only when that fails.
 * Guarantees: durations are measured on the local monotonic clock from the last change this process observed, so
 * clocks may differ; a term ends at its renew deadline, counted from the *start* of the last renewal that
 * succeeded, also while a call hangs; the lease is free for others only after the leader's work has ended.
 * Caveats: a write already on its way when the term ends cannot be called back. Safety comes from the
 * preconditions of the writes; the lease only keeps replicas from doing the same work twice.
 */
export class LeaderElector {
  readonly identity: string;
  readonly #options: LeaderElectorOptions;
  readonly #timing: ElectionTiming;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** The newest version this process knows, and when it first saw it. */
  #seen: { lease: StoredLease; atMs: number } | undefined;

  constructor(options: LeaderElectorOptions) {
    this.#options = options;
    this.identity = options.identity;
    this.#timing = options.timing ?? DEFAULT_TIMING;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLogger;
  }

  /**
   * Waits for the lease, runs `lead` while holding it, and gives it back when `lead` resolves.
   *
   * `lead` must end its work when `stop` aborts (it still leads then, and may finish), and is abandoned
   * when the term's signal aborts.
   *
   * @throws what `lead` throws, after giving back the lease.
   */
  async run(stop: AbortSignal, lead: (term: Term) => Promise<void>): Promise<ElectionEnd> {
    const term = await this.#acquire(stop);
    if (!term) return "stopped";
    this.#options.observer?.leading(true);
    const done = new AbortController();
    const renewing = this.#keepRenewing(term, done.signal);
    const conclude = (): Promise<ElectionEnd> => {
      done.abort();
      return this.#conclude(term, renewing);
    };
    try {
      await Promise.race([lead(term), ended(term.signal)]);
    } catch (error) {
      // Work that fails because the term is over is no error of its own.
      if ((await conclude()) === "lost") return "lost";
      throw error;
    }
    return conclude();
  }

  /** Gives back what is still held. */
  async #conclude(term: LeaderTerm, renewing: Promise<void>): Promise<ElectionEnd> {
    if (!term.isOver()) await renewing;
    this.#options.observer?.leading(false);
    if (term.isOver()) {
      this.#log.error("lost the leadership", {
        identity: this.identity,
        error: term.signal.reason as unknown,
      });
      return "lost";
    }
    // Ended first: once the lease is free, nothing of ours may be written.
    term.end("The lease is being given back.");
    await this.#release();
    return "stopped";
  }

  async #acquire(stop: AbortSignal): Promise<LeaderTerm | undefined> {
    while (!stop.aborted) {
      try {
        const term = await this.#tryToAcquire(stop);
        if (term) return term;
      } catch (error) {
        this.#log.warn("could not ask for the lease", { error });
      }
      await this.#pause(this.#timing.retryPeriodMs / 2, stop);
    }
    return undefined;
  }

  async #tryToAcquire(stop: AbortSignal): Promise<LeaderTerm | undefined> {
    if (this.#lagsTooMuch()) return undefined;
    const current = await this.#options.lease.read(this.#call(stop));
    if (current) this.#observe(current);
    if (!this.#isFree()) return undefined;

    const startedMs = this.#clock.monotonicMs();
    const record = this.#recordFor(this.#seen?.lease.record);
    // Not ended by `stop`: a lease taken without our knowing it would stay taken for its whole duration.
    if (!(await this.#store(current, record, this.#call()))) return undefined;
    this.#log.info("leading", { identity: this.identity, epoch: record.transitions });
    return new LeaderTerm(this.#clock, record.transitions, startedMs + this.#timing.renewDeadlineMs);
  }

  #lagsTooMuch(): boolean {
    const lagMs = this.#options.eventLoopLagMs?.() ?? 0;
    if (lagMs <= MAX_LAG_MS) return false;
    this.#log.warn("not asking for the lease: the event loop lags", { lagMs, maxLagMs: MAX_LAG_MS });
    return true;
  }

  /** Decided by what was seen last, so that a lease somebody deleted is not free before its holder has noticed. */
  #isFree(): boolean {
    if (!this.#seen) return true;
    const { holder, durationMs } = this.#seen.lease.record;
    if (holder === "" || holder === this.identity) return true;
    const unchangedMs = this.#clock.monotonicMs() - this.#seen.atMs;
    return unchangedMs >= Math.max(durationMs, this.#timing.leaseDurationMs);
  }

  #observe(lease: StoredLease): void {
    if (this.#seen?.lease.version === lease.version) return;
    this.#seen = { lease, atMs: this.#clock.monotonicMs() };
  }

  async #keepRenewing(term: LeaderTerm, done: AbortSignal): Promise<void> {
    for (;;) {
      await this.#pause(this.#timing.retryPeriodMs, done);
      if (done.aborted || term.isOver()) return;
      try {
        const startedMs = this.#clock.monotonicMs();
        if (await this.#renew(term.signal)) term.extend(startedMs + this.#timing.renewDeadlineMs);
        else term.end("Another process holds the lease.");
      } catch (error) {
        if (!term.isOver()) this.#log.warn("could not renew the lease", { error });
      }
    }
  }

  /** Whether the lease is ours, and renewed. Throws when that is unknown. */
  async #renew(signal: AbortSignal): Promise<boolean> {
    const call = this.#call(signal);
    const known = this.#seen?.lease;
    if (known && (await this.#store(known, this.#recordFor(known.record), call))) return true;

    this.#options.observer?.slowpath();
    return this.#reclaim(call);
  }

  /** Ours after all (an answer was lost, or somebody edited it), or deleted: whoever creates it first has it. */
  async #reclaim(call: LeaseCallOptions): Promise<boolean> {
    const current = await this.#options.lease.read(call);
    if (current && current.record.holder !== this.identity) return false;
    const record = this.#recordFor(current?.record ?? this.#seen?.lease.record);
    if (await this.#store(current, record, call)) return true;
    throw new Error("the lease changed while it was being renewed");
  }

  /** Replaces what is stored (or creates it, where there is nothing); false when somebody was faster. */
  async #store(
    current: StoredLease | undefined,
    record: LeaseRecord,
    call: LeaseCallOptions,
  ): Promise<boolean> {
    const { lease } = this.#options;
    const stored = current
      ? await lease.replace(current.version, record, call)
      : await lease.create(record, call);
    if (stored) this.#observe(stored);
    return stored !== undefined;
  }

  /** Gives the lease back. When that fails others wait for it to expire; no harm is done. */
  async #release(): Promise<void> {
    try {
      const current = this.#seen?.lease;
      if (!current) return;
      const nowMs = this.#clock.now();
      const free: LeaseRecord = { ...current.record, holder: "", durationMs: 1000, renewedMs: nowMs };
      const released = await this.#store(current, free, this.#call());
      this.#log.info(released ? "gave the lease back" : "the lease was taken already");
    } catch (error) {
      this.#log.warn("could not give the lease back", { error });
    }
  }

  #recordFor(current: LeaseRecord | undefined): LeaseRecord {
    const nowMs = this.#clock.now();
    const isOurs = current?.holder === this.identity;
    return {
      holder: this.identity,
      durationMs: this.#timing.leaseDurationMs,
      transitions: current ? current.transitions + (isOurs ? 0 : 1) : 0,
      acquiredMs: isOurs ? current.acquiredMs : nowMs,
      renewedMs: nowMs,
    };
  }

  /** Half the renew deadline per call, so that a second attempt has a chance after one that hangs. */
  #call(signal?: AbortSignal): LeaseCallOptions {
    return { signal, timeoutMs: this.#timing.renewDeadlineMs / 2 };
  }

  async #pause(periodMs: number, signal: AbortSignal): Promise<void> {
    const random = this.#options.random ?? Math.random;
    await this.#clock.sleep(periodMs * (0.8 + 0.4 * random()), signal).catch(() => undefined);
  }
}

/** Resolves when the signal aborts. */
function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
