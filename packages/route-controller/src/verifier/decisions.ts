import { hash, randomBytes } from "node:crypto";
import type { Clock } from "@datalayer/shared/clock/clock";
import type { Verdict } from "./verdict.ts";

/** Bounds of what is remembered. */
export interface DecisionsOptions {
  /** How many decisions are remembered; the one that was not asked for longest goes first. */
  capacity: number;
  /** How long one is remembered at most, in milliseconds. */
  maxAgeMs: number;
  clock: Clock;
}

interface Remembered {
  verdict: Verdict;
  /** On the monotonic clock. */
  untilMs: number;
}

/**
 * What was decided a moment ago, so that it is not decided again for every request of a page. Only who may pass is
 * remembered, never longer than the credentials are valid. Equal questions that come at the same time are one.
 */
export class Decisions {
  readonly #options: DecisionsOptions;
  readonly #remembered = new Map<string, Remembered>();
  readonly #underWay = new Map<string, Promise<Verdict>>();
  /** Credentials are not kept; without this nobody can try from a dump of the memory which ones they were. */
  readonly #salt = randomBytes(32).toString("base64");
  hits = 0;
  misses = 0;

  constructor(options: DecisionsOptions) {
    this.#options = options;
  }

  /** How many are remembered now. */
  get size(): number {
    return this.#remembered.size;
  }

  /**
   * The verdict on a question.
   * @param question - everything that the verdict depends on; only a hash of it stays in memory.
   */
  async decide(question: readonly unknown[], decide: () => Promise<Verdict>): Promise<Verdict> {
    const key = hash("sha256", `${this.#salt}${JSON.stringify(question)}`, "base64");
    const remembered = this.#recall(key);
    if (remembered) {
      this.hits++;
      return remembered;
    }
    this.misses++;
    const underWay = this.#underWay.get(key);
    if (underWay) return underWay;
    const deciding = decide().finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, deciding);
    const verdict = await deciding;
    this.#remember(key, verdict);
    return verdict;
  }

  #recall(key: string): Verdict | undefined {
    const entry = this.#remembered.get(key);
    if (!entry) return undefined;
    this.#remembered.delete(key);
    if (entry.untilMs <= this.#options.clock.monotonicMs()) return undefined;
    this.#remembered.set(key, entry);
    return entry.verdict;
  }

  #remember(key: string, verdict: Verdict): void {
    const { clock, capacity, maxAgeMs } = this.#options;
    if (verdict.kind !== "allowed") return;
    const validMs = (verdict.untilMs ?? Infinity) - clock.now();
    const ageMs = Math.min(maxAgeMs, validMs);
    if (ageMs <= 0) return;
    this.#remembered.set(key, { verdict, untilMs: clock.monotonicMs() + ageMs });
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= capacity) return;
      this.#remembered.delete(oldest);
    }
  }
}
