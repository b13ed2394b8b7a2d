import { isWatchAct, type Act } from "./acts.ts";
import { Gate } from "./gate.ts";
import { matches, type ProxiedRequest, type RequestFilter } from "./request-log.ts";
import type { WatchStream } from "./watch-stream.ts";

/** Which requests are struck, how many of them, and what happens to them. */
export interface FaultRule extends RequestFilter {
  /** Strikes from the nth matching request on, counted from 1; default 1. */
  nth?: number;
  /**
   * How many requests (or watch streams) are struck. Default: all while the rule stands, but one when `nth` is
   * given, and for acts on watches the streams that are open now, or the next one when none is
   * (`delayWatch`: all).
   */
  times?: number;
  act: Act;
}

/** A rule in force. */
export interface FaultHandle {
  /** How many requests or watch streams it has struck. */
  readonly hits: number;
  /** Resolves when it has struck so often. */
  struck(count?: number): Promise<void>;
  /** Lets go what `hold` and `freezeWatch` keep, also what they strike later. */
  release(): void;
  /** Strikes no more; lets go what is kept. */
  remove(): void;
}

/** A rule with its counts. */
export class ActiveRule implements FaultHandle {
  readonly act: Act;
  /** Closed until the rule is released; `hold` and `freezeWatch` wait at it. */
  readonly gate = new Gate();
  hits = 0;
  readonly #filter: RequestFilter;
  readonly #nth: number;
  readonly #times: number;
  #matched = 0;
  #isRemoved = false;
  #waiters: { count: number; resolve: () => void }[] = [];

  constructor(rule: FaultRule, defaultTimes: number) {
    this.act = rule.act;
    this.#filter = rule;
    this.#nth = rule.nth ?? 1;
    this.#times = rule.times ?? defaultTimes;
    this.gate.close();
  }

  get isRemoved(): boolean {
    return this.#isRemoved;
  }

  /** Counts the request if it matches, and says whether the rule strikes it. */
  strikes(request: ProxiedRequest): boolean {
    if (this.#isRemoved || !this.matches(request)) return false;
    this.#matched += 1;
    if (this.#matched < this.#nth || this.hits >= this.#times) return false;
    this.hits += 1;
    request.fault = request.fault === undefined ? this.act.kind : `${request.fault}+${this.act.kind}`;
    this.#wake();
    return true;
  }

  matches(request: ProxiedRequest): boolean {
    return (!isWatchAct(this.act) || request.verb === "watch") && matches(this.#filter, request);
  }

  async struck(count = 1): Promise<void> {
    if (this.hits >= count) return;
    await new Promise<void>((resolve) => this.#waiters.push({ count, resolve }));
  }

  release(): void {
    this.gate.open();
  }

  remove(): void {
    this.#isRemoved = true;
    this.gate.open();
  }

  #wake(): void {
    for (const waiter of this.#waiters) if (this.hits >= waiter.count) waiter.resolve();
    this.#waiters = this.#waiters.filter((waiter) => this.hits < waiter.count);
  }
}

/** The rules in force, in the order of their injection. */
export class RuleBook {
  #rules: ActiveRule[] = [];

  /** Puts a rule in force, also on the watch streams that are open now. */
  inject(rule: FaultRule, watches: readonly WatchStream[]): ActiveRule {
    const open = watches.filter(({ request }) => isWatchAct(rule.act) && matches(rule, request));
    const active = new ActiveRule(rule, defaultTimes(rule, open.length));
    this.#rules = [...this.#rules.filter(({ isRemoved }) => !isRemoved), active];
    for (const watch of open) {
      if (watch.canSuffer(active) && active.strikes(watch.request)) watch.suffer(active);
    }
    return active;
  }

  /** The rules that strike the request; each match is counted. */
  strike(request: ProxiedRequest): ActiveRule[] {
    return this.#rules.filter((rule) => rule.act.kind !== "replayWatch" && rule.strikes(request));
  }

  /** Removes every rule. */
  clear(): void {
    for (const rule of this.#rules) rule.remove();
    this.#rules = [];
  }
}

function defaultTimes({ act, nth }: FaultRule, openWatches: number): number {
  if (nth !== undefined) return 1;
  if (!isWatchAct(act) || act.kind === "delayWatch") return Infinity;
  return Math.max(1, openWatches);
}
