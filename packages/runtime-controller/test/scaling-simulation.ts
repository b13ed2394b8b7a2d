import { ManualClock } from "@datalayer/shared/clock/manual-clock";
import { afterCall, type Effect, type Step } from "../src/node-scaling/advance.ts";
import { type Amounts, fitsIn } from "../src/node-scaling/amounts.ts";
import { freeOf } from "../src/node-scaling/capacity.ts";
import type { CloudGroup } from "../src/node-scaling/executor.ts";
import type { ScalingLimits } from "../src/node-scaling/limits.ts";
import type { ScalingNode, ScalingObservation } from "../src/node-scaling/observation.ts";
import { planScaling } from "../src/node-scaling/plan.ts";
import { emptyState, type ScalingState } from "../src/node-scaling/state.ts";
import { createdAt } from "./pool-objects.ts";
import { type Machine, SimulatedGroup } from "./simulated-group.ts";

/** The published defaults, as they are where a cloud is scaled. */
export const defaultLimits: ScalingLimits = {
  isDryRun: false,
  minNodes: 0,
  maxNodes: 100,
  upThreshold: 1,
  downThreshold: 0,
  downMaxStep: 1,
  downHeadroomMultiplier: 2,
  headroom: { cpu: 1, memory: 2 ** 30 },
  cooldownMs: 30_000,
  retryDelayMs: 5_000,
  maxRedeliveries: 5,
  joinMs: 900_000,
};

/** What each runtime of the simulation takes, and each node has. */
export const load: Amounts = { cpu: 1, memory: 2 * 2 ** 30, pods: 1 };
export const size: Amounts = { cpu: 4, memory: 16 * 2 ** 30, pods: 110 };

const tickMs = 5_000;
const crash = new Error("crash");

/**
 * A group of machines, the scheduler and the pools, simulated second by second; every five seconds scaling is planned
 * until there is nothing more to do. What it told is a readable log.
 */
export class ScalingSimulation {
  readonly log: string[] = [];
  readonly clock = new ManualClock(Date.parse(createdAt));
  readonly group = new SimulatedGroup(this.clock);
  limits: ScalingLimits;
  /** Runtimes to keep available, as in all pools together. */
  size = 0;
  /** The scheduler puts nothing anywhere. */
  isStuck = false;
  state: ScalingState = emptyState;
  /** Stops after this many writes and effects, as a crash would; undefined: never. */
  crashAfter: number | undefined;
  waiting = 0;
  #seen: CloudGroup | undefined;
  #seenAtMs = -Infinity;
  #done = 0;
  #waitingSinceMs: number | undefined;

  constructor(limits: Partial<ScalingLimits> = {}) {
    this.limits = { ...defaultLimits, ...limits };
  }

  /** So many machines that are nodes already. */
  grown(count: number): this {
    this.group.grow(count);
    return this;
  }

  /** Writes a headline, then does something. */
  event(what: string, change: () => void): this {
    this.#say(`-- ${what}`);
    change();
    return this;
  }

  /** Lets time pass. */
  async run(seconds: number): Promise<this> {
    for (let second = 0; second < seconds; second++) {
      this.group.move();
      this.#moveCluster();
      if (Math.round(this.clock.monotonicMs()) % tickMs === 0) this.#tickOrCrash();
      await this.clock.advance(1_000);
    }
    this.#say(`   ${this.#summary()}`);
    return this;
  }

  /** Users take so many of the warm runtimes, of the first machines that have some. */
  claim(count: number): void {
    for (let taken = 0; taken < count; taken++) {
      const machine = this.group.machines.find(({ warm }) => warm > 0);
      if (!machine) return;
      machine.warm--;
      machine.assigned++;
    }
  }

  /** Every user gives the runtime back. */
  release(): void {
    for (const machine of this.group.machines) machine.assigned = 0;
  }

  /** Writes and effects so far. */
  get done(): number {
    return this.#done;
  }

  #tickOrCrash(): void {
    try {
      this.tick();
    } catch (error) {
      if (error !== crash) throw error;
      this.#say("   crash");
    }
  }

  tick(): void {
    for (let steps = 0; steps < 100; steps++) {
      const step = planScaling(this.observe(), { limits: this.limits, nowMs: this.clock.now() });
      if (!step) return;
      this.#carryOut(step);
    }
    throw new Error("scaling does not come to rest");
  }

  observe(): ScalingObservation {
    const nodes = this.group.machines
      .filter((machine) => this.group.isNode(machine))
      .map((machine) => this.#nodeOf(machine));
    const ageMs = this.clock.now() - this.#seenAtMs;
    return {
      groupId: "aws/workers",
      nodes,
      waiting: {
        loads: Array.from({ length: this.waiting }, () => load),
        sinceMs: this.#waitingSinceMs,
        isPlacing: false,
        misfits: [],
      },
      hasDemand: this.size > 0 || this.group.machines.some(({ warm, assigned }) => warm + assigned > 0),
      group: this.#seen && { ...this.#seen, ageMs },
      cloudFailure: this.group.blindness,
      template: nodes.length > 0 ? { labels: {}, taints: [], allocatable: size } : this.state.template,
      state: this.state,
    };
  }

  #carryOut({ save, events = [], effect }: Step): void {
    this.#crashPoint();
    if (save) {
      this.state = save;
      for (const { reason, message } of events) this.#say(`   ${reason}: ${message}`);
    }
    if (!effect) return;
    this.#crashPoint();
    this.#effect(effect);
  }

  /** A crash forgets what was seen; what was written stays. */
  #crashPoint(): void {
    if (this.#done++ !== this.crashAfter) return;
    this.#seen = undefined;
    throw crash;
  }

  #effect(effect: Effect): void {
    switch (effect.kind) {
      case "look":
        if (this.group.blindness) return;
        this.#seen = this.group.describe();
        this.#seenAtMs = this.clock.now();
        return;
      case "cordon":
        this.#machineOf(effect.node).emptiedFor = effect.commandId;
        return;
      case "uncordon":
        this.#machineOf(effect.node).emptiedFor = undefined;
        return;
      case "forget_node":
        this.group.forget(effect.node.instanceId);
        return;
      case "raise":
      case "remove": {
        const failure = this.group.call(effect);
        this.#seenAtMs = -Infinity;
        this.#crashPoint();
        const terms = { limits: this.limits, nowMs: this.clock.now() };
        this.#carryOut(afterCall(effect.command, failure, { observed: this.observe(), terms }));
      }
    }
  }

  #moveCluster(): void {
    for (const machine of this.group.machines) {
      // A pool replaces what is warm on a node that is emptied, one after the other.
      if (machine.emptiedFor !== undefined && machine.warm > 0) machine.warm--;
    }
    const warm = this.group.machines.reduce((sum, one) => sum + one.warm, 0);
    this.waiting = Math.max(0, this.size - warm);
    if (!this.isStuck) this.#schedule();
    this.#waitingSinceMs = this.waiting > 0 ? (this.#waitingSinceMs ?? this.clock.now()) : undefined;
    for (const surplus of this.group.machines)
      while (this.#warm() > this.size && surplus.warm > 0) surplus.warm--;
  }

  #schedule(): void {
    for (const machine of this.group.machines) {
      while (this.waiting > 0 && this.#takes(machine)) {
        machine.warm++;
        this.waiting--;
      }
    }
  }

  #warm(): number {
    return this.group.machines.reduce((sum, one) => sum + one.warm, 0);
  }

  #takes(machine: Machine): boolean {
    const node = this.#nodeOf(machine);
    return this.group.isNode(machine) && node.outlook === "staying" && fitsIn(load, freeOf(node));
  }

  #machineOf({ instanceId }: ScalingNode): Machine {
    return this.group.machines.find(({ id }) => id === instanceId)!;
  }

  #nodeOf({ id, bornAtMs, emptiedFor, warm, assigned }: Machine): ScalingNode {
    return {
      name: `node-${id}`,
      uid: `uid-${id}`,
      isForRuntimes: true,
      instanceId: id,
      outlook: emptiedFor === undefined ? "staying" : "emptying",
      emptiedFor,
      isKept: false,
      sinceMs: bornAtMs + this.group.joinSeconds * 1000,
      allocatable: size,
      warm: Array.from({ length: warm }, () => load),
      assigned: Array.from({ length: assigned }, () => load),
    };
  }

  #say(text: string): void {
    const seconds = Math.round(this.clock.monotonicMs() / 1000);
    this.log.push(`${String(seconds).padStart(5)}s ${text}`);
  }

  #summary(): string {
    const nodes = this.group.machines.filter((machine) => this.group.isNode(machine)).length;
    const assigned = this.group.machines.reduce((sum, one) => sum + one.assigned, 0);
    return `= size ${this.group.desired}, ${nodes} nodes; ${this.#warm()} warm, ${assigned} assigned, ${this.waiting} waiting`;
  }
}
