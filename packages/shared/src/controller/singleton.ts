import type { RestClient } from "../kube/rest.ts";
import type { Clock } from "../clock/clock.ts";
import type { Logger } from "../log/logger.ts";
import type { Controller, Scope } from "./controller.ts";
import { withDeadline } from "./deadline.ts";
import type { EventSink } from "./events.ts";
import { WorkQueue } from "./queue.ts";
import { runWorkers, type Verdict } from "./workers.ts";

/** What a tick may use. */
export interface TickContext {
  /** Writes; every call fails at once when the term or the deadline of this tick is over. */
  kube: RestClient;
  signal: AbortSignal;
  clock: Clock;
  log: Logger;
  events: EventSink;
  /** Grows with every leader: for effects outside the API server. */
  epoch: number;
}

/** A controller without a primary object. */
export interface SingletonDefinition {
  /** Log field and metric label. */
  name: string;
  /** From the end of one tick to the start of the next; after an error the back-off of the queue instead. */
  everyMs: number;
  /** A tick is aborted after this time; 60 s by default. */
  deadlineMs?: number;
  /** One look at the world, from what is stored, whatever the tick before thought. Throwing means "transient". */
  tick: (context: TickContext) => Promise<void>;
}

const DEFAULT_DEADLINE_MS = 60_000;

/** Declares a controller that looks at the world as a whole. `enqueue` (with any reference) asks for a tick now. */
export function singleton(definition: SingletonDefinition): Controller {
  const { name } = definition;
  let queue: WorkQueue | undefined;
  return {
    name,
    enqueue: (_, options) => queue?.add(name, options),
    run: async (scope) => {
      const { clock, random, metrics, stop } = scope;
      const own = new WorkQueue({ name, clock, random, observer: metrics?.queue(name) });
      queue = own;
      own.add(name);
      await runWorkers({
        name,
        queue: own,
        count: 1,
        stop,
        metrics,
        process: () => tick(definition, scope),
      });
      queue = undefined;
    },
  };
}

async function tick(definition: SingletonDefinition, scope: Scope): Promise<Verdict> {
  const { name, everyMs, deadlineMs = DEFAULT_DEADLINE_MS } = definition;
  const { clock, abort, epoch, events, metrics } = scope;
  const log = scope.log.child({ controller: name });
  try {
    await withDeadline({ clock, timeoutMs: deadlineMs, abort }, ({ signal }) =>
      definition.tick({ kube: scope.kube.bindTo(signal), signal, clock, log, events, epoch }),
    );
    return { result: "requeue_after", afterMs: everyMs };
  } catch (error) {
    if (!abort.aborted) {
      metrics?.mishap(name, "error");
      log.warn("tick failed", { error });
    }
    return { result: "error" };
  }
}
