import type { Clock } from "@datalayer/shared/clock/clock";
import type { Effect } from "../src/node-scaling/advance.ts";
import { CloudError, type CloudGroup } from "../src/node-scaling/executor.ts";

/** A machine of the group, and how many runtimes are on it. */
export interface Machine {
  id: string;
  bornAtMs: number;
  goesAtMs?: number;
  emptiedFor?: string;
  warm: number;
  assigned: number;
}

const longAgoMs = -3_600_000;

/** A group of machines in a cloud, and what goes wrong with its calls. */
export class SimulatedGroup {
  /** Seconds until a machine is a node that is ready; Infinity never. */
  joinSeconds = 40;
  /** Seconds until a machine is gone. */
  goSeconds = 10;
  max = 10;
  desired = 0;
  machines: Machine[] = [];
  /** The answers to the next calls that change something; `lost` does it, `slow` does it later; neither answers. */
  faults: (CloudError | "lost" | "slow")[] = [];
  /** How late what is slow is done, in seconds. */
  lateSeconds = 18;
  /** Fails every look. */
  blindness: CloudError | undefined;
  /** Every call that changed something. */
  readonly calls: string[] = [];
  readonly #clock: Clock;
  #launched = 0;
  #late: { atMs: number; change: () => void }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** So many machines that are nodes already. */
  grow(count: number): void {
    this.desired = count;
    this.#launch(longAgoMs);
  }

  isNode({ bornAtMs }: Machine): boolean {
    return this.#clock.now() - bornAtMs >= this.joinSeconds * 1000;
  }

  /** Answers a call that changes something; undefined when it is answered well. */
  call(effect: Extract<Effect, { kind: "raise" | "remove" }>): CloudError | undefined {
    const fault = this.faults.shift();
    if (fault instanceof CloudError) return fault;
    const change = (): void => {
      if (effect.kind === "raise") this.#raise(effect.command.target);
      else this.#remove(effect.command.instanceId);
    };
    if (fault === "slow") this.#late.push({ atMs: this.#clock.now() + this.lateSeconds * 1000, change });
    else change();
    return fault && new CloudError("CloudUnclear", "The answer was lost.");
  }

  /** Answers a look. */
  describe(): CloudGroup {
    const instances = this.machines
      .filter(({ goesAtMs }) => goesAtMs === undefined || goesAtMs > this.#clock.now())
      .map(({ id, goesAtMs }) => ({
        id,
        phase: goesAtMs === undefined ? ("running" as const) : ("going" as const),
      }));
    return { desired: this.desired, min: 0, max: this.max, instances };
  }

  /** Does what is late and due by now. */
  move(): void {
    const isDue = ({ atMs }: { atMs: number }): boolean => atMs <= this.#clock.now();
    const due = this.#late.filter(isDue);
    this.#late = this.#late.filter((one) => !isDue(one));
    for (const { change } of due) change();
  }

  /** Its node is removed from the cluster. */
  forget(instanceId: string | undefined): void {
    this.machines = this.machines.filter(({ id }) => id !== instanceId);
  }

  #raise(target: number): void {
    this.calls.push(`raise ${target}`);
    this.desired = target;
    this.#launch(this.#clock.now());
  }

  #remove(instanceId: string): void {
    this.calls.push(`remove ${instanceId}`);
    this.desired--;
    for (const machine of this.machines)
      if (machine.id === instanceId) machine.goesAtMs = this.#clock.now() + this.goSeconds * 1000;
  }

  #launch(bornAtMs: number): void {
    const running = this.machines.filter(({ goesAtMs }) => goesAtMs === undefined).length;
    for (let missing = this.desired - running; missing > 0; missing--) {
      this.machines.push({ id: `i-${++this.#launched}`, bornAtMs, warm: 0, assigned: 0 });
    }
  }
}
