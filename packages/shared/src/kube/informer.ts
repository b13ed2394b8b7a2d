import { type Clock, systemClock } from "../clock/clock.ts";
import { type Logger, silentLogger } from "../log/logger.ts";
import { Arrivals, type WaitOptions } from "./arrivals.ts";
import type { Indexers } from "./indexed-store.ts";
import type { InformerLabels, InformerMetrics } from "./metrics.ts";
import type { Kind, KubeObject, ObjectRef } from "./object.ts";
import { type Change, ObjectCache } from "./object-cache.ts";
import type { ChangeHandler, ObjectReader } from "./object-reader.ts";
import { causeOf, Reflector, type ReflectorSink } from "./reflector.ts";
import type { RestClient } from "./rest.ts";
import type { WatchEvent } from "./watch.ts";

/** What to cache. */
export interface InformerOptions<T extends KubeObject> {
  client: RestClient;
  kind: Kind<T>;
  /** Default: all namespaces. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  indexes?: Indexers<T>;
  /** Takes out of each object, in place, what nobody reads: with thousands of them it is most of the memory. */
  trim?: (object: T) => void;
  clock?: Clock;
  log?: Logger;
  metrics?: InformerMetrics;
  /** A watch that is silent for longer is dead. Default 75 s: bookmarks come about once a minute. */
  idleTimeoutMs?: number;
  /**
   * The kind belongs to another product, and may not be served: then the cache is empty, and filled some ten
   * seconds after the kind has come. Default: a kind that is not served is waited for.
   */
  optional?: boolean;
}

/** A cache of the objects of one kind in one namespace (or all), kept up to date by a watch. */
export class Informer<T extends KubeObject> implements ObjectReader<T> {
  readonly #options: InformerOptions<T>;
  readonly #labels: InformerLabels;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #cache: ObjectCache<T>;
  readonly #arrivals = new Arrivals();
  readonly #handlers = new Set<ChangeHandler<T>>();
  readonly #firstList = Promise.withResolvers<undefined>();
  readonly #servedHandlers = new Set<() => void>();
  #lists = 0;
  #isServed = false;
  #lastEventMs: number;
  #started = false;

  constructor(options: InformerOptions<T>) {
    const { kind, namespace = "", clock = systemClock, log = silentLogger, indexes = {} } = options;
    this.#options = options;
    this.#labels = { kind: kind.kind, namespace };
    this.#clock = clock;
    this.#log = log.child({ informer: this.#labels });
    this.#cache = new ObjectCache({ indexers: indexes, clock });
    this.#lastEventMs = clock.monotonicMs();
    options.metrics?.track(this.#labels, this);
  }

  /**
   * Starts the watch; only the signal ends it.
   *
   * @throws Error when it was started before.
   */
  start(signal: AbortSignal): void {
    if (this.#started) throw new Error(`the informer of ${this.#labels.kind} has already been started`);
    this.#started = true;
    this.#lastEventMs = this.#clock.monotonicMs();
    const { client, kind, namespace, labelSelector, fieldSelector, idleTimeoutMs, optional } = this.#options;
    const selection = { namespace, labelSelector, fieldSelector };
    const common = { client, kind, selection, idleTimeoutMs, optional };
    void new Reflector({ ...common, clock: this.#clock, sink: this.#sink }).run(signal);
  }

  get hasSynced(): boolean {
    return this.#lists > 0;
  }

  get lastEventAgeMs(): number {
    return this.#clock.monotonicMs() - this.#lastEventMs;
  }

  get relists(): number {
    return Math.max(0, this.#lists - 1);
  }

  /** False before the first list, and while an optional kind is not served. */
  get isServed(): boolean {
    return this.#isServed;
  }

  /** Calls the handler whenever {@link Informer.isServed} has changed, after what is there was delivered. */
  onServed(handler: () => void): void {
    this.#servedHandlers.add(handler);
  }

  /** Up to where the watch has delivered; empty before the first list. */
  get resourceVersion(): string {
    return this.#cache.resourceVersion;
  }

  async synced(signal?: AbortSignal): Promise<void> {
    if (!signal) return this.#firstList.promise;
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort);
    try {
      await Promise.race([this.#firstList.promise, aborted.promise]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  get(ref: ObjectRef): T | undefined {
    return this.#cache.get(ref);
  }

  list(namespace?: string): T[] {
    return this.#cache.list(namespace);
  }

  byIndex(index: string, value: string): T[] {
    return this.#cache.byIndex(index, value);
  }

  onChange(handler: ChangeHandler<T>): () => void {
    for (const object of this.#cache.watched())
      this.#notify(handler, { type: "added", object, initial: true });
    this.#handlers.add(handler);
    return () => void this.#handlers.delete(handler);
  }

  async waitFor(resourceVersion: string, options: WaitOptions): Promise<boolean> {
    return this.#cache.hasReached(resourceVersion) || this.#arrivals.wait(resourceVersion, options);
  }

  recordWrite(object: T): void {
    if (!this.#covers(object.metadata)) return;
    this.#options.trim?.(object);
    this.#cache.recordWrite(object);
  }

  recordDelete(ref: ObjectRef, uid: string): void {
    if (this.#covers(ref)) this.#cache.recordDelete(ref, uid);
  }

  readonly #sink: ReflectorSink<T> = {
    replace: (items, resourceVersion) => {
      this.#lists++;
      if (this.#lists > 1) this.#options.metrics?.relisted(this.#labels);
      for (const item of items) this.#options.trim?.(item);
      this.#delivered(this.#cache.replace(items, resourceVersion));
      this.#servedIs(true);
      this.#firstList.resolve(undefined);
    },
    absent: () => {
      // Not one more list: nothing was missed, and what comes next is complete.
      this.#lists = Math.max(this.#lists, 1);
      this.#delivered(this.#cache.replace([], ""));
      this.#servedIs(false);
      this.#firstList.resolve(undefined);
    },
    event: (event: WatchEvent<T>) => {
      if (event.type !== "BOOKMARK") this.#options.trim?.(event.object);
      this.#delivered(this.#cache.observe(event));
    },
    failed: ({ during, error, retryMs }) => {
      if (during === "watch") this.#options.metrics?.disconnected(this.#labels, causeOf(error));
      this.#log.warn(`${during} failed, next attempt in ${Math.round(retryMs)} ms`, { error });
    },
  };

  #servedIs(isServed: boolean): void {
    if (this.#isServed === isServed) return;
    this.#isServed = isServed;
    for (const handler of this.#servedHandlers) handler();
  }

  #delivered(changes: Change<T>[]): void {
    this.#lastEventMs = this.#clock.monotonicMs();
    for (const change of changes) {
      for (const handler of this.#handlers) this.#notify(handler, change);
    }
    this.#arrivals.announce((resourceVersion) => this.#cache.hasReached(resourceVersion));
  }

  #notify(handler: ChangeHandler<T>, change: Change<T>): void {
    try {
      handler(change);
    } catch (error) {
      this.#options.metrics?.handlerFailed(this.#labels);
      const { namespace, name } = change.object.metadata;
      this.#log.error("a change handler threw", { error, change: change.type, object: { namespace, name } });
    }
  }

  #covers(ref: ObjectRef): boolean {
    return this.#options.namespace === undefined || this.#options.namespace === ref.namespace;
  }
}
