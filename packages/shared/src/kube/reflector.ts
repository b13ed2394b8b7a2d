import { Backoff } from "../clock/backoff.ts";
import type { Clock } from "../clock/clock.ts";
import { ApiError, TransportError } from "./api-error.ts";
import type { Kind, KubeObject } from "./object.ts";
import { later } from "./resource-version.ts";
import type { RestClient, Selection } from "./rest.ts";
import type { WatchEvent } from "./watch.ts";

/** Receives what the reflector learns, one call after the other, in the order of the server. Must not throw. */
export interface ReflectorSink<T extends KubeObject> {
  /** A complete list, the first one or after an expired watch. */
  replace(items: T[], resourceVersion: string): void;
  /** The server does not serve the kind, so there are no objects of it. */
  absent(): void;
  event(event: WatchEvent<T>): void;
  /** The loop goes on after `retryMs`. */
  failed(failure: { during: "list" | "watch"; error: unknown; retryMs: number }): void;
}

/** What to follow. */
export interface ReflectorOptions<T extends KubeObject> {
  readonly client: RestClient;
  readonly kind: Kind<T>;
  readonly selection: Selection;
  readonly sink: ReflectorSink<T>;
  readonly clock: Clock;
  /** See `WatchOptions`. */
  readonly idleTimeoutMs?: number;
  /** The kind may not be served: then it has no objects, and the server is asked again from time to time. */
  readonly optional?: boolean;
}

/** Where the loop is; `resourceVersion` is the last one delivered. */
type State = { readonly phase: "list" } | { readonly phase: "watch"; readonly resourceVersion: string };

/** Client-go's values. */
const BACKOFF = { firstMs: 800, longestMs: 30_000, resetAfterMs: 120_000 };
const WATCH_SECONDS = { least: 290, most: 580 };
/** A watch that the server ends sooner, and without news, is refused rather than served. */
const SHORTEST_WATCH_MS = 1_000;
/** How long until an optional kind that is not served is asked for again; twice as long each time. */
const ABSENT_RETRY = { firstMs: 500, longestMs: 10_000 };

/**
 * Follows one kind: list, then watch from there; a watch that ends goes on where it stopped, and only one that
 * has expired begins again with a list. Every failure is followed by back-off and another attempt; nothing but
 * the signal ends the loop. (kubernetes/client-go tools/cache/reflector.go is the model.)
 */
export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #backoff: Backoff;
  #state: State = { phase: "list" };
  /** Times in a row that an optional kind was not served. */
  #absences = 0;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#backoff = new Backoff({ ...BACKOFF, clock: options.clock });
  }

  /** Resolves when the signal is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#state.phase === "list") await this.#list(signal);
        else await this.#watch(this.#state.resourceVersion, signal);
      } catch (error) {
        await this.#recover(error, signal);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { client, kind, selection, sink } = this.#options;
    // No resourceVersion: "0" may show an older state than the one already delivered.
    const list = await client.list(kind, { ...selection, signal }).catch(this.#orAbsent);
    if (signal.aborted) return;
    if (!list) {
      sink.absent();
      // Soon at first: kinds are installed together with their controllers, and not always before them.
      const retryMs = Math.min(ABSENT_RETRY.longestMs, ABSENT_RETRY.firstMs * 2 ** this.#absences++);
      return this.#options.clock.sleep(retryMs, signal);
    }
    this.#absences = 0;
    sink.replace(list.items, list.resourceVersion);
    this.#state = { phase: "watch", resourceVersion: list.resourceVersion };
  }

  readonly #orAbsent = (error: unknown): undefined => {
    if (!this.#options.optional || !(error instanceof ApiError && error.isNotFound)) throw error;
  };

  async #watch(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const { client, kind, selection, sink, clock, idleTimeoutMs } = this.#options;
    const startMs = clock.monotonicMs();
    const timeoutSeconds = randomBetween(WATCH_SECONDS.least, WATCH_SECONDS.most);
    const options = { ...selection, resourceVersion, timeoutSeconds, signal, idleTimeoutMs };
    let seen = resourceVersion;
    for await (const event of client.watch(kind, options)) {
      if (signal.aborted) return;
      sink.event(event);
      seen = later(seen, event.object.metadata.resourceVersion);
      this.#state = { phase: "watch", resourceVersion: seen };
    }
    if (seen === resourceVersion && clock.monotonicMs() - startMs < SHORTEST_WATCH_MS) {
      throw new Error(`watch ${kind.kind}: the server ended it at once`);
    }
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const during = this.#state.phase;
    if (during === "watch" && needsList(error)) this.#state = { phase: "list" };
    const askedMs = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
    const retryMs = Math.max(this.#backoff.nextMs(), askedMs);
    this.#options.sink.failed({ during, error, retryMs });
    await this.#options.clock.sleep(retryMs, signal).catch(() => undefined);
  }
}

/** A short name of a failure, for metrics. */
export function causeOf(error: unknown): string {
  if (error instanceof TransportError) return error.failure;
  if (error instanceof ApiError) return error.reason;
  return "Unknown";
}

/** True when watching again from the same resourceVersion cannot succeed. */
function needsList(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  // A server restored from a backup is behind what we saw; only a list tells where it is.
  const tooLarge = error.details?.causes?.some((cause) => cause.reason === "ResourceVersionTooLarge");
  // Not found: the kind itself has gone, and when it is back, nothing of what was seen needs to be.
  return error.isGone || error.isNotFound || error.status === 400 || tooLarge === true;
}

function randomBetween(least: number, most: number): number {
  return least + Math.floor(Math.random() * (most - least + 1));
}
