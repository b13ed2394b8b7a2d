import { ManualClock } from "@datalayer/shared/clock/manual-clock";
import { podNameOf } from "@datalayer/shared/runtime/names";
import { type Runtime } from "../src/runtime/runtime.ts";
import type { LastGood } from "../src/runtime-pool/observation.ts";
import { failuresIn, planPool, type PoolPlan } from "../src/runtime-pool/plan.ts";
import { RefillBackoff } from "../src/runtime-pool/refill-backoff.ts";
import type { Refusal } from "../src/runtime-pool/refusal.ts";
import type { TemplateFault } from "../src/runtime-pool/template.ts";
import { isProven } from "../src/runtime-pool/trial.ts";
import { createdAt, observation, runtime, type RuntimeTraits, storedPool } from "./pool-objects.ts";

interface SimulatedPod {
  id: string;
  bornAtMs: number;
  traits: RuntimeTraits;
}

const crashLooping: RuntimeTraits["status"] = {
  phase: "Running",
  containerStatuses: [
    {
      name: "jupyter",
      image: "i",
      imageID: "i",
      ready: false,
      restartCount: 1,
      state: { waiting: { reason: "CrashLoopBackOff" } },
    },
  ],
};

/**
 * A pool with its Pods, simulated second by second: each second the cluster moves, then the pool is planned until
 * there is nothing more to do. What was done is a readable log.
 */
export class PoolSimulation {
  readonly log: string[] = [];
  size: number;
  revision = "v1";
  maxLifeMs = Infinity;
  /** Pods of these revisions crash; others are ready three seconds after their creation. */
  readonly bad = new Set<string>();
  readonly cordoned = new Set<string>();
  /** Nodes that are removed once they are empty. */
  readonly emptying = new Set<string>();
  readonly silent = new Set<string>();
  /** Of these Pods the key of the token is lost. */
  readonly keyless = new Set<string>();
  /** While set, the API server refuses further Pods, of this revision or of all. */
  refusal: (Refusal & { revision?: string }) | undefined;
  /** While set, it is not known what Pods are made of. */
  fault: TemplateFault | undefined;
  /** The recorded revision. */
  #lastGood: string | undefined;
  readonly #clock = new ManualClock(Date.parse(createdAt));
  readonly #backoff = new RefillBackoff(this.#clock);
  #pods: SimulatedPod[] = [];
  #made = 0;

  constructor(size: number) {
    this.size = size;
  }

  /** Writes a headline, then does something to the cluster. */
  event(what: string, change: () => void): this {
    this.#say(`-- ${what}`);
    change();
    return this;
  }

  /** Lets time pass. */
  async run(seconds: number): Promise<this> {
    for (let second = 0; second < seconds; second++) {
      this.#moveCluster();
      while (this.#reconcile());
      await this.#clock.advance(1_000);
    }
    this.#say(`   ${this.#summary()}`);
    return this;
  }

  /** Users take so many of the available runtimes. */
  claim(count: number): void {
    const available = this.#pods.filter(({ traits }) => traits.state === "available");
    for (const { traits } of available.slice(0, count)) traits.state = "assigned";
  }

  /** The node throws a Pod out. */
  evict(id: string): void {
    for (const pod of this.#pods)
      if (pod.id === id) pod.traits = { ...pod.traits, ended: true, ready: false };
  }

  #moveCluster(): void {
    for (const { bornAtMs, traits } of this.#pods) {
      const ageMs = this.#clock.now() - bornAtMs;
      if (traits.ended || traits.ready) continue;
      if (!this.bad.has(traits.revision ?? "")) traits.ready = ageMs >= 3_000;
      else if (ageMs >= 3_000) traits.status = crashLooping;
    }
  }

  /** Plans once and carries it out; whether there was something to do. */
  #reconcile(): boolean {
    const observed = this.#observe();
    const plan = planPool(observed, this.#clock.now());
    const failed = failuresIn(plan, observed);
    for (const { ulid } of plan.promote) this.#set(ulid, "available", "promote");
    for (const { ulid } of plan.demote) this.#set(ulid, "pending", "demote");
    if (!this.fault) this.#createAll({ ...plan, failed }, this.revision, plan.create);
    if (this.#lastGood !== undefined && (this.fault ?? this.#lastGood !== this.revision))
      this.#createAll({ ...plan, failed }, this.#lastGood, plan.refill);
    for (const removal of plan.remove) this.#remove(removal.runtime, removal.reason);
    if (isProven(observed, plan.promote)) this.#lastGood = this.revision;
    return plan.promote.length + plan.demote.length + plan.create + plan.refill + plan.remove.length > 0;
  }

  #createAll(
    { promote, failed }: Pick<PoolPlan, "promote"> & { failed: readonly Runtime[] },
    revision: string,
    count: number,
  ): void {
    const isOf = (runtime: Runtime): boolean => runtime.revision === revision;
    const refusal = count > 0 && (this.refusal?.revision ?? revision) === revision ? this.refusal : undefined;
    if (refusal) this.#say(`   create ${count} ${revision}: ${refusal.reason}`);
    else for (let made = 0; made < count; made++) this.#create(revision);
    this.#backoff.learn("pool", revision, {
      refusal,
      hasFailed: failed.some(isOf),
      created: refusal ? 0 : count,
      promoted: promote.filter(isOf).length,
    });
  }

  #observe(): ReturnType<typeof observation> {
    const pool = storedPool({ size: this.size });
    const runtimes = this.#pods.map(({ id, bornAtMs, traits }) =>
      runtime(id, { ...traits, ageSeconds: (Date.parse(createdAt) - bornAtMs) / 1000 }),
    );
    return observation(runtimes, {
      pool,
      revision: this.revision,
      fault: this.fault,
      leavingNodes: this.cordoned,
      emptyingNodes: this.emptying,
      silentNodes: this.silent,
      keyless: new Set([...this.keyless].map((id) => `uid-of-${podNameOf(id)}`)),
      lastGood: this.#lastGood === undefined ? undefined : this.#lastGoodOf(this.#lastGood),
      maxLifeMs: this.maxLifeMs,
      backoffMs: this.#backoff.remainingMs("pool", this.revision),
    });
  }

  #lastGoodOf(revision: string): LastGood {
    return { revision, backoffMs: this.#backoff.remainingMs("pool", revision) };
  }

  #create(revision: string): void {
    const id = `r${++this.#made}`;
    const isFit = ![this.cordoned, this.emptying, this.silent].some((nodes) => nodes.has("node-b"));
    const node = this.#made % 2 === 0 && isFit ? "node-b" : "node-a";
    const traits: RuntimeTraits = { state: "pending", ready: false, revision, node };
    this.#pods.push({ id, bornAtMs: this.#clock.now(), traits });
    this.#say(`   create ${id} ${revision} on ${node}`);
  }

  #remove({ ulid }: Runtime, reason: string): void {
    this.#pods = this.#pods.filter(({ id }) => id !== ulid);
    this.#say(`   remove ${ulid} ${reason}`);
  }

  #set(ulid: string, state: "available" | "pending", verb: string): void {
    for (const { id, traits } of this.#pods) if (id === ulid) traits.state = state;
    this.#say(`   ${verb} ${ulid}`);
  }

  #say(text: string): void {
    const seconds = Math.round(this.#clock.monotonicMs() / 1000);
    this.log.push(`${String(seconds).padStart(5)}s ${text}`);
  }

  #summary(): string {
    const count = (state: string) => this.#pods.filter(({ traits }) => traits.state === state).length;
    return `= ${count("available")} available, ${count("pending")} pending, ${count("assigned")} assigned`;
  }
}
