import { systemClock, type Clock } from "../clock/clock.ts";
import type { RestClient } from "../kube/rest.ts";
import { silentLogger, type Logger } from "../log/logger.ts";
import type { Controller, Scope } from "./controller.ts";
import { EventRecorder } from "./events.ts";
import type { ElectionEnd, LeaderElector } from "./leader-election.ts";
import type { Term } from "./leader-term.ts";
import type { ControllerMetrics } from "./metrics.ts";

/** A cache to start: an Informer or an InformerSet. */
export interface Cache {
  start(signal: AbortSignal): void;
  synced(signal?: AbortSignal): Promise<void>;
}

/** All that runs in a controller process beside its HTTP server. */
export interface RunOptions {
  /** The process in Events: `datalayer.io/runtime-controller`. */
  name: string;
  controllers: readonly Controller[];
  /** Every cache the controllers and the HTTP server read; none started yet. */
  informers: readonly Cache[];
  elector: LeaderElector;
  client: RestClient;
  /** Stops everything, in reverse order. */
  signal: AbortSignal;
  /** Work in progress may take this long after `signal`; 10 s by default. */
  drainMs?: number;
  clock?: Clock;
  log?: Logger;
  metrics?: ControllerMetrics;
}

const DEFAULT_DRAIN_MS = 10_000;

/**
 * Starts the caches (also where another replica leads, so that it can serve reads and take over at once), waits
 * for the lease, and runs the controllers while holding it.
 *
 * On `signal` the controllers take no more work, finish what is in progress (or are aborted after `drainMs`), then
 * the lease is given back and the caches stop. When the lease is lost every write fails at once and the promise
 * resolves with `lost`: let the process exit.
 */
export async function runControllers(options: RunOptions): Promise<ElectionEnd> {
  const { informers, elector, signal } = options;
  const caches = new AbortController();
  try {
    for (const informer of informers) informer.start(caches.signal);
    if (!(await allSynced(informers, signal))) return "stopped";
    return await elector.run(signal, (term) => lead(options, term));
  } finally {
    caches.abort();
  }
}

/** False when the signal came first. */
async function allSynced(informers: readonly Cache[], signal: AbortSignal): Promise<boolean> {
  try {
    await Promise.all(informers.map((informer) => informer.synced(signal)));
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}

async function lead(options: RunOptions, term: Term): Promise<void> {
  const { name, controllers, client, signal, elector, metrics } = options;
  const { clock = systemClock, log = silentLogger, drainMs = DEFAULT_DRAIN_MS } = options;
  const kube = client.bindTo(term.signal);
  const events = new EventRecorder({
    client: kube,
    reportingController: name,
    reportingInstance: elector.identity,
    clock,
    log,
    onDrop: () => metrics?.eventDropped(),
  });
  const ended = new AbortController();
  const drainIsOver = afterDrain({ clock, drainMs, stop: signal, ended: ended.signal });
  const scope: Scope = {
    kube,
    epoch: term.epoch,
    stop: AbortSignal.any([signal, term.signal]),
    abort: AbortSignal.any([drainIsOver, term.signal]),
    events,
    clock,
    log,
    ...(metrics && { metrics }),
  };
  try {
    await Promise.all(controllers.map((controller) => controller.run(scope)));
    await events.flush();
  } finally {
    ended.abort();
  }
}

/** A signal that aborts `drainMs` after `stop`, unless the work has ended before. */
function afterDrain(options: {
  clock: Clock;
  drainMs: number;
  stop: AbortSignal;
  ended: AbortSignal;
}): AbortSignal {
  const { clock, drainMs, stop, ended } = options;
  const over = new AbortController();
  const start = (): void => {
    clock.sleep(drainMs, ended).then(
      () => over.abort(new Error(`not finished within ${drainMs} ms of the stop`)),
      () => undefined, // ended in time
    );
  };
  stop.addEventListener("abort", start, { once: true, signal: ended });
  return over.signal;
}
