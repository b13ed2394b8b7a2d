import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../clock/manual-clock.ts";
import { LeaderElector, type LeaderElectorOptions } from "./leader-election.ts";
import type { Term } from "./leader-term.ts";
import type { LeaseCallOptions, LeaseRecord, LeaseRegister, StoredLease } from "./lease.ts";

/** How one call on the register fares: `lostBefore` and `lostAfter` hang until the caller gives up. */
interface Weather {
  beforeMs: number;
  afterMs: number;
  fate: "answered" | "lostBefore" | "lostAfter";
}

const CALM: Weather = { beforeMs: 1, afterMs: 1, fate: "answered" };

/** A compare-and-swap register behind a bad network: the model of a Lease, so that time can be a test's own. */
class Register {
  stored: StoredLease | undefined;
  calls: string[] = [];
  weather: (identity: string) => Weather = () => CALM;
  readonly #clock: ManualClock;
  #version = 0;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  seenBy(identity: string): LeaseRegister {
    const call = (name: string, options: LeaseCallOptions, act: () => StoredLease | undefined) => {
      this.calls.push(`${identity} ${name}`);
      return this.#call(this.weather(identity), options, act);
    };
    return {
      read: (options) => call("read", options, () => this.stored),
      create: (record, options) =>
        call("create", options, () => (this.stored ? undefined : this.#store(record))),
      replace: (version, record, options) =>
        call("replace", options, () => (this.stored?.version === version ? this.#store(record) : undefined)),
    };
  }

  #store(record: LeaseRecord): StoredLease {
    this.stored = { version: String(++this.#version), record };
    return this.stored;
  }

  async #call(
    { beforeMs, afterMs, fate }: Weather,
    { timeoutMs, signal }: LeaseCallOptions,
    act: () => StoredLease | undefined,
  ): Promise<StoredLease | undefined> {
    signal?.throwIfAborted();
    const never = new Promise<never>(() => undefined);
    const answer = (async () => {
      await this.#clock.sleep(beforeMs);
      if (fate === "lostBefore") return never;
      const result = act();
      await this.#clock.sleep(afterMs);
      return fate === "lostAfter" ? never : result;
    })();
    const givenUp = new Promise<never>((_, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
      void this.#clock.sleep(timeoutMs).then(() => reject(new Error("no answer in time")));
    });
    return Promise.race([answer, givenUp]);
  }
}

interface Candidate {
  stop: AbortController;
  term: Term | undefined;
  end: string | undefined;
  /** Ends the work after a stop. */
  finish: () => void;
}

function startCandidate(
  register: Register,
  clock: ManualClock,
  name: string,
  more: Partial<LeaderElectorOptions> = {},
): Candidate {
  const stop = new AbortController();
  const { promise: finished, resolve } = Promise.withResolvers<undefined>();
  const candidate: Candidate = { stop, term: undefined, end: undefined, finish: () => resolve(undefined) };
  const elector = new LeaderElector({ lease: register.seenBy(name), identity: name, clock, ...more });
  void elector
    .run(stop.signal, async (term) => {
      candidate.term = term;
      await finished;
    })
    .then((end) => (candidate.end = end));
  return candidate;
}

const leads = ({ term, end }: Candidate): boolean => term?.signal.aborted === false && end === undefined;

describe("an elector", () => {
  it("takes a lease that does not exist, and renews it by one call each time", async () => {
    const clock = new ManualClock();
    const register = new Register(clock);
    const a = startCandidate(register, clock, "a", { random: () => 0.5 });
    await clock.advance(10);
    expect(leads(a)).toBe(true);
    expect(a.term!.epoch).toBe(0);
    register.calls = [];
    await clock.advance(60_000);
    expect(leads(a)).toBe(true);
    expect(new Set(register.calls)).toEqual(new Set(["a replace"]));
    expect(register.calls).toHaveLength(29);
    expect(register.stored!.record).toMatchObject({ holder: "a", durationMs: 15_000, transitions: 0 });
  });

  it("leaves a lease alone until it has not changed for its duration, whatever its clock says", async () => {
    const clock = new ManualClock();
    const register = new Register(clock);
    startCandidate(register, clock, "a");
    await clock.advance(10);
    register.weather = (identity) => ({ ...CALM, fate: identity === "a" ? "lostBefore" : "answered" });
    const b = startCandidate(register, clock, "b");
    clock.jump(3_600_000);
    await clock.advance(15_000);
    expect(leads(b)).toBe(false);
    await clock.advance(2_000);
    expect(leads(b)).toBe(true);
    expect(b.term!.epoch).toBe(1);
  });

  it("ends its term at the renew deadline although the call hangs, counted from the start of the last renewal", async () => {
    const clock = new ManualClock();
    const register = new Register(clock);
    const a = startCandidate(register, clock, "a", { random: () => 0.5 });
    await clock.advance(4_100);
    const lastRenewalMs = 4_006;
    register.weather = () => ({ ...CALM, fate: "lostBefore" });
    await clock.advance(lastRenewalMs + 10_000 - clock.monotonicMs() - 5);
    expect(leads(a)).toBe(true);
    await clock.advance(5);
    expect(leads(a)).toBe(false);
    expect(a.end).toBe("lost");
  });

  it("shows that its term is over before any timer runs, after the process was paused", async () => {
    const clock = new ManualClock();
    const register = new Register(clock);
    const a = startCandidate(register, clock, "a");
    await clock.advance(10);
    clock.freeze(20_000);
    expect(a.term!.signal.aborted).toBe(true);
  });

  it("believes a renewal whose answer was lost, after reading", async () => {
    const clock = new ManualClock();
    const register = new Register(clock);
    let slowpaths = 0;
    const observer = { leading: () => undefined, slowpath: () => slowpaths++ };
    const a = startCandidate(register, clock, "a", { observer });
    await clock.advance(10);
    register.weather = () => ({ ...CALM, fate: "lostAfter" });
    await clock.advance(2_500);
    register.weather = () => CALM;
    await clock.advance(60_000);
    expect(leads(a)).toBe(true);
    expect(slowpaths).toBe(1);
  });

  it("ends its term when another holds the lease", async () => {
    const clock = new ManualClock();
    const register = new Register(clock);
    const a = startCandidate(register, clock, "a");
    await clock.advance(10);
    register.stored = { version: "x", record: { ...register.stored!.record, holder: "thief" } };
    await clock.advance(2_500);
    expect(a.end).toBe("lost");
  });

  it("takes back a lease that was deleted, and a candidate that knew it does not take it first", async () => {
    const clock = new ManualClock();
    const register = new Register(clock);
    const a = startCandidate(register, clock, "a");
    await clock.advance(10);
    const b = startCandidate(register, clock, "b");
    await clock.advance(5_000);
    register.stored = undefined;
    await clock.advance(30_000);
    expect(leads(a)).toBe(true);
    expect(leads(b)).toBe(false);
  });

  it("gives the lease back only when its work has ended; another leads within 2 s", async () => {
    const clock = new ManualClock();
    const register = new Register(clock);
    const a = startCandidate(register, clock, "a");
    await clock.advance(10);
    const b = startCandidate(register, clock, "b", { random: () => 0.999 });
    await clock.advance(3_000);
    a.stop.abort();
    await clock.advance(30_000);
    expect(leads(a)).toBe(true);
    expect(leads(b)).toBe(false);
    a.finish();
    await clock.advance(1_990);
    expect(a.end).toBe("stopped");
    expect(leads(b)).toBe(true);
  });

  it("does not ask for the lease while the event loop lags", async () => {
    const clock = new ManualClock();
    const register = new Register(clock);
    let lagMs = 2_001;
    const a = startCandidate(register, clock, "a", { eventLoopLagMs: () => lagMs });
    await clock.advance(10_000);
    expect(register.calls).toEqual([]);
    lagMs = 100;
    await clock.advance(2_000);
    expect(leads(a)).toBe(true);
  });

  it("ends as stopped when it never led", async () => {
    const clock = new ManualClock();
    const register = new Register(clock);
    startCandidate(register, clock, "a");
    await clock.advance(10);
    const b = startCandidate(register, clock, "b");
    await clock.advance(5_000);
    b.stop.abort();
    await clock.advance(10);
    expect(b.end).toBe("stopped");
  });
});

describe("whatever the network does", () => {
  const weather: fc.Arbitrary<Weather> = fc.record({
    beforeMs: fc.constantFrom(1, 50, 3_000, 9_000),
    afterMs: fc.constantFrom(1, 50, 3_000, 9_000),
    fate: fc.constantFrom("answered", "answered", "lostBefore", "lostAfter"),
  });
  const episode = fc.record({
    victim: fc.constantFrom("a", "b", "c", "all"),
    weather: fc.array(weather, { minLength: 1, maxLength: 5 }),
    forMs: fc.integer({ min: 500, max: 40_000 }),
    stop: fc.constantFrom<string | undefined>(undefined, undefined, "a", "b"),
  });

  it("there are never two leaders", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(episode, { maxLength: 8 }), async (episodes) => {
        const clock = new ManualClock();
        const register = new Register(clock);
        const candidates = new Map(
          ["a", "b", "c"].map((name) => [name, startCandidate(register, clock, name)]),
        );
        for (const { victim, weather: all, forMs, stop } of episodes) {
          let turn = 0;
          register.weather = (identity) =>
            victim === "all" || identity === victim ? all[turn++ % all.length]! : CALM;
          if (stop) {
            candidates.get(stop)!.stop.abort();
            candidates.get(stop)!.finish();
          }
          for (let passedMs = 0; passedMs < forMs; passedMs += 250) {
            await clock.advance(250);
            expect([...candidates.values()].filter(leads).length).toBeLessThanOrEqual(1);
          }
        }
        register.weather = () => CALM;
        await clock.advance(60_000);
        const alive = [...candidates.values()].filter(({ end }) => end === undefined);
        expect(alive.filter(leads)).toHaveLength(alive.length > 0 ? 1 : 0);
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
