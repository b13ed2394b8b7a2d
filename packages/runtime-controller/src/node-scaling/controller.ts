import type { Clock } from "@datalayer/shared/clock/clock";
import type { Controller } from "@datalayer/shared/controller/controller";
import { singleton, type TickContext } from "@datalayer/shared/controller/singleton";
import type { ConfigMap, Node } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { afterCall, type Effect, type Step } from "./advance.ts";
import { capacityOf } from "./capacity.ts";
import { hasEnded } from "./command.ts";
import { CloudError, type Executor } from "./executor.ts";
import { type GatherOptions, ScalingGatherer } from "./gather.ts";
import { GroupView } from "./group-view.ts";
import type { ScalingLimits } from "./limits.ts";
import type { ScalingMetrics } from "./metrics.ts";
import { cordon, forgetNode, isVacant, uncordon } from "./node-writes.ts";
import type { ScalingObservation } from "./observation.ts";
import { planScaling } from "./plan.ts";
import { type HistoryEvent, type ScalingState } from "./state.ts";
import { ScalingStore, type ScalingKeys } from "./store.ts";

/** What scaling reads and works with. */
export interface NodeScalingOptions extends Omit<GatherOptions, "nodes" | "executor" | "owner"> {
  nodes: ObjectReader<Node>;
  /** A cache of the ConfigMap in which scaling keeps what it remembers. */
  scaling: ObjectReader<ConfigMap>;
  executor: Executor;
  limits: ScalingLimits;
  keys: ScalingKeys;
  everyMs: number;
  /** The namespaces of runtimes; `*` stands for all. */
  namespaces: readonly string[];
  metrics: ScalingMetrics;
  clock: Clock;
}

/** Adds and removes nodes, so that what waits for one gets one, and none stands idle. */
export function nodeScalingController(options: NodeScalingOptions): Controller {
  const scaling = new NodeScaling(options);
  return singleton({
    name: "node-scaling",
    everyMs: options.everyMs,
    tick: (context) => scaling.tick(context),
  });
}

/** Steps of one tick; the next one goes on. */
const mostSteps = 50;
const hindering = [
  "GivenUp",
  "CloudThrottled",
  "CredentialsRefused",
  "CloudRefused",
  "CloudUnclear",
  "GroupChanged",
];

class NodeScaling {
  readonly #options: NodeScalingOptions;
  readonly #store: ScalingStore;
  readonly #gatherer: ScalingGatherer;
  readonly #group: GroupView;

  constructor(options: NodeScalingOptions) {
    this.#options = options;
    this.#store = new ScalingStore(options.scaling, options.keys);
    this.#gatherer = new ScalingGatherer({ ...options, owner: options.keys.configMap.namespace });
    this.#group = new GroupView(options);
  }

  async tick(context: TickContext): Promise<void> {
    this.#requireReadable(context);
    for (let steps = 0; steps < mostSteps; steps++) {
      const step = planScaling(this.#gather(), this.#terms(context));
      if (!step) break;
      const goesOn = await this.#carryOut(step, context);
      if (!goesOn) break;
    }
    this.#measure(context);
  }

  /** Without knowing what was begun, nothing is begun. */
  #requireReadable({ events }: TickContext): void {
    const { fault, object } = this.#store.read();
    if (fault === undefined || !object) return;
    const hint = "Mend it, or delete the ConfigMap: then nothing is known of commands under way.";
    events.record(object, {
      type: "Warning",
      reason: "StateUnreadable",
      note: `${fault}. ${hint}`,
      action: "Scale",
    });
    throw new Error(fault);
  }

  #terms({ clock }: Pick<TickContext, "clock">): { limits: ScalingLimits; nowMs: number } {
    return { limits: this.#options.limits, nowMs: clock.now() };
  }

  #gather(): ScalingObservation {
    return this.#gatherer.gather({ ...this.#group.seen(), state: this.#store.read().state });
  }

  /** Whether to plan again now; if not, something is to be waited for. */
  async #carryOut({ save, events = [], effect }: Step, context: TickContext): Promise<boolean> {
    // The scheduler may have put a Pod there that the caches have not shown.
    if (effect?.kind === "remove" && !(await this.#isVacant(effect.command.node?.name, context)))
      return false;
    if (save) await this.#save(save, events, context);
    if (effect) await this.#effect(effect, context);
    return true;
  }

  async #isVacant(node: string | undefined, { kube }: TickContext): Promise<boolean> {
    return node === undefined || isVacant(node, this.#options.namespaces, kube);
  }

  async #save(state: ScalingState, events: readonly HistoryEvent[], context: TickContext): Promise<void> {
    this.#count(state);
    const object = await this.#store.save(state, events, context.kube);
    for (const { reason, message } of events) {
      const isTrouble = tellsOfTrouble(reason, state);
      context.events.record(object, {
        type: isTrouble ? "Warning" : "Normal",
        reason,
        note: message,
        action: "Scale",
      });
      context.log[isTrouble ? "warn" : "info"](message, { reason });
    }
  }

  /** Counts the commands that end with this state. */
  #count({ commands }: ScalingState): void {
    const before = this.#store.read().state.commands.filter(hasEnded);
    const ended = commands.filter((one) => hasEnded(one) && !before.some(({ id }) => id === one.id));
    for (const { operation, outcome = "failed" } of ended) {
      this.#options.metrics.commands.inc({ operation, result: outcome });
    }
  }

  async #effect(effect: Effect, context: TickContext): Promise<void> {
    const { nodes, keys } = this.#options;
    const hands = { ...context, nodes, owner: keys.configMap.namespace };
    switch (effect.kind) {
      case "look":
        return this.#group.look(context.signal);
      case "cordon":
        return cordon(effect.node, effect.commandId, hands);
      case "uncordon":
        return uncordon(effect.node, hands);
      case "forget_node":
        return forgetNode(effect.node, hands);
      case "raise":
      case "remove": {
        const failure = await this.#call(effect, context);
        const parts = { observed: this.#gather(), terms: this.#terms(context) };
        const { save, events = [] } = afterCall(effect.command, failure, parts);
        if (save) await this.#save(save, events, context);
      }
    }
  }

  /** What the cloud failed with; undefined when it has taken the command. */
  async #call(
    effect: Extract<Effect, { kind: "raise" | "remove" }>,
    { signal }: TickContext,
  ): Promise<CloudError | undefined> {
    const { executor, metrics } = this.#options;
    const { group } = this.#group.seen();
    if (!group) return new CloudError("GroupChanged", "The group is not known any more.");
    try {
      if (effect.kind === "raise") await executor.raise(effect.command.target, group, signal);
      else await executor.remove(effect.command.instanceId, group, signal);
      metrics.calls.inc({ call: effect.kind, result: "ok" });
      return undefined;
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      metrics.calls.inc({ call: effect.kind, result: error.reason });
      return error;
    } finally {
      // Whatever came of it, the group is not what it was.
      this.#group.outdate();
    }
  }

  #measure(context: TickContext): void {
    const { metrics } = this.#options;
    const observed = this.#gather();
    const { condition } = observed.state;
    metrics.condition.reset();
    if (condition) metrics.condition.set({ status: condition.status, reason: condition.reason }, 1);
    if (!observed.group) return;
    const { ready, coming, lost, pressure } = capacityOf(observed, observed.group, this.#terms(context));
    const emptying = ready.filter(({ outlook }) => outlook === "emptying").length;
    metrics.nodes.set({ state: "ready" }, ready.length - emptying);
    metrics.nodes.set({ state: "emptying" }, emptying);
    metrics.nodes.set({ state: "coming" }, coming);
    metrics.nodes.set({ state: "lost" }, lost.length);
    metrics.desired.set(observed.group.desired);
    metrics.pressure.set(pressure);
  }
}

function tellsOfTrouble(reason: string, { condition }: ScalingState): boolean {
  return hindering.includes(reason) || (condition?.reason === reason && condition.status === "False");
}
