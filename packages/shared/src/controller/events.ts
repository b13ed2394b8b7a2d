import { randomBytes } from "node:crypto";
import { systemClock, type Clock } from "../clock/clock.ts";
import { ApiError } from "../kube/api-error.ts";
import { Event } from "../kube/kinds.ts";
import type { KubeObject, Manifest } from "../kube/object.ts";
import type { RestClient } from "../kube/rest.ts";
import { silentLogger, type Logger } from "../log/logger.ts";
import { microTime } from "./lease.ts";
import { TokenBucket } from "./token-bucket.ts";

/** What an Event says. */
export interface EventNote {
  type: "Normal" | "Warning";
  /** PascalCase, at most 128 characters; the reason of the condition where there is one. */
  reason: string;
  /** A sentence for people; cut at 1 kB. Never a secret. */
  note: string;
  /** What was done; `Reconcile` by default. */
  action?: string;
}

/** What a recorder is made of. */
export interface EventRecorderOptions {
  /** Give it a client bound to the term, so that nothing is written after the lease is lost. */
  client: RestClient;
  /** The controller, such as `datalayer.io/runtime-controller`. */
  reportingController: string;
  /** This process; at most 128 characters are kept. */
  reportingInstance: string;
  clock?: Clock;
  log?: Logger;
  /** Called for every Event that was not written because there were too many. */
  onDrop?: () => void;
}

/** Takes Events; the only part of a recorder that controllers see. */
export interface EventSink {
  record(object: KubeObject, note: EventNote): void;
}

interface Series {
  ref: { name: string; namespace: string };
  count: number;
  lastMs: number;
  writtenMs: number;
}

/** A repetition within this time joins the series. */
const SERIES_GAP_MS = 6 * 60_000;
/** A running series is written again after this time. */
const SERIES_REFRESH_MS = 30 * 60_000;
/** As client-go's spam filter. */
const PER_OBJECT = { burst: 25, perSecond: 1 / 300 };
/** Events waiting to be written; more are dropped. */
const MAX_PENDING = 100;
/** Objects and series remembered, the oldest forgotten first. */
const MAX_REMEMBERED = 4096;
const MAX_REASON_LENGTH = 128;
const MAX_NOTE_BYTES = 1024;

/**
 * Writes Events (events.k8s.io/v1) in the background, one at a time. `record` costs a map look-up, never waits and
 * never throws; an Event that cannot be written is dropped, as no decision may depend on it.
 */
export class EventRecorder implements EventSink {
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #series = new Map<string, Series>();
  readonly #pending: (() => Promise<unknown>)[] = [];
  #writing: Promise<void> | undefined;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLogger;
  }

  /** Tells of something that happened to an object. */
  record(object: KubeObject, note: EventNote): void {
    const key = JSON.stringify([object.metadata.uid, note.type, note.reason, note.action]);
    const nowMs = this.#clock.monotonicMs();
    const series = this.#series.get(key);
    if (series && nowMs - series.lastMs < SERIES_GAP_MS) {
      series.count++;
      series.lastMs = nowMs;
      const isDue = series.count === 2 || nowMs - series.writtenMs >= SERIES_REFRESH_MS;
      if (isDue && this.#enqueue(object, () => this.#writeSeries(series))) series.writtenMs = nowMs;
      return;
    }
    const event = this.#eventOf(object, note);
    if (!this.#enqueue(object, () => this.#create(key, event))) return;
    const { name, namespace = "" } = event.metadata;
    remember(this.#series, key, { ref: { name, namespace }, count: 1, lastMs: nowMs, writtenMs: nowMs });
  }

  /** Resolves when everything recorded so far is written or dropped. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  #enqueue(object: KubeObject, write: () => Promise<unknown>): boolean {
    const { uid } = object.metadata;
    const bucket = this.#buckets.get(uid) ?? new TokenBucket(PER_OBJECT, this.#clock);
    remember(this.#buckets, uid, bucket);
    if (this.#pending.length >= MAX_PENDING || !bucket.take()) {
      this.#options.onDrop?.();
      return false;
    }
    this.#pending.push(write);
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined));
    return true;
  }

  async #writeAll(): Promise<void> {
    // Starts on a later turn: the caller's work comes first.
    await new Promise((resolve) => setImmediate(resolve));
    for (let write = this.#pending.shift(); write; write = this.#pending.shift()) {
      try {
        await write();
      } catch (error) {
        this.#options.onDrop?.();
        this.#log.debug("an Event was not written", { error });
      }
    }
  }

  async #create(key: string, event: Manifest<Event>): Promise<void> {
    try {
      await this.#options.client.create(Event, event);
    } catch (error) {
      // Nothing to make a series of: the next occurrence tries again.
      this.#series.delete(key);
      throw error;
    }
  }

  async #writeSeries(series: Series): Promise<void> {
    const lastObservedTime = microTime(this.#clock.now() - (this.#clock.monotonicMs() - series.lastMs));
    try {
      await this.#options.client.patch(Event, series.ref, [
        { op: "add", path: "/series", value: { count: series.count, lastObservedTime } },
      ]);
    } catch (error) {
      // Events live for an hour: a series may outlive its Event. The next occurrence starts a new one.
      if (!(error instanceof ApiError && error.isNotFound)) throw error;
      series.lastMs = -Infinity;
    }
  }

  #eventOf(object: KubeObject, { type, reason, note, action = "Reconcile" }: EventNote): Manifest<Event> {
    const { name, namespace, uid, resourceVersion } = object.metadata;
    const { reportingController, reportingInstance } = this.#options;
    return {
      apiVersion: Event.apiVersion,
      kind: Event.kind,
      metadata: {
        name: `${name.slice(0, 200)}.${randomBytes(8).toString("hex")}`,
        // Events of cluster-scoped objects live here.
        namespace: namespace ?? "default",
      },
      eventTime: microTime(this.#clock.now()),
      type,
      reason: reason.slice(0, MAX_REASON_LENGTH),
      note: cutToBytes(note, MAX_NOTE_BYTES),
      action: action.slice(0, MAX_REASON_LENGTH),
      reportingController,
      reportingInstance: reportingInstance.slice(0, MAX_REASON_LENGTH),
      regarding: { apiVersion: object.apiVersion, kind: object.kind, name, namespace, uid, resourceVersion },
    };
  }
}

/** Puts an entry last, and forgets the first when there are too many. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MAX_REMEMBERED) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}

/** Cuts between characters, never inside one. */
function cutToBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  return new TextDecoder().decode(bytes.subarray(0, maxBytes), { stream: true });
}
