import { type Clock, systemClock } from "../clock/clock.ts";
import type { ClusterAccess } from "./access.ts";
import type { Call } from "./api-error.ts";
import { Caller, type CallOptions, type PreparedCall } from "./caller.ts";
import { decodeObject, decodePage, type Page } from "./decode.ts";
import type { JsonPatchOperation } from "./json-patch.ts";
import type { RestMetrics } from "./metrics.ts";
import { type Kind, type KubeObject, keyOf, type Manifest, type ObjectRef } from "./object.ts";
import { collectionPath, objectPath, requireNamespace, withQuery } from "./paths.ts";
import type { ServerClock } from "./server-clock.ts";
import { type HttpRequest, type HttpStream, Transport } from "./transport.ts";
import { readWatch, type WatchEvent } from "./watch.ts";

/** How to build a {@link RestClient}. */
export interface RestClientOptions {
  access: ClusterAccess;
  /** Sent with every request, so that the audit log tells who it was: `datalayer-runtime-controller/0.1.0`. */
  userAgent: string;
  /** The field manager of every write. */
  fieldManager: string;
  /** Connections for calls, at most. Default 8. */
  connections?: number;
  /** Deadline of a call with its retries. Default 30 s. */
  timeoutMs?: number;
  clock?: Clock;
  metrics?: RestMetrics;
  /** Follows the clock of the API server. */
  serverClock?: ServerClock;
}

/** Which objects to select. */
export interface Selection {
  /** Default: all namespaces. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

/** Which objects to list, and how fresh. */
export interface ListOptions extends Selection, CallOptions {
  /** Default: the newest, by a consistent read. */
  resourceVersion?: string;
  resourceVersionMatch?: "Exact" | "NotOlderThan";
  /** Objects per page. Default 500: one page blocks the event loop for some 50 ms. */
  limit?: number;
}

/** From where and how long to watch. */
export interface WatchOptions extends Selection {
  /** Events after this one. */
  resourceVersion: string;
  /** The server ends the watch after this time. */
  timeoutSeconds: number;
  signal: AbortSignal;
  /** Nothing, not even a bookmark (one a minute), for this time: the peer is dead. Default 75 s. */
  idleTimeoutMs?: number;
}

/** Whose deletion, and how. */
export interface DeleteOptions extends CallOptions {
  /** Required: a name may belong to another object by now. */
  uid: string;
  /** Delete only this very version. */
  resourceVersion?: string;
  propagationPolicy?: "Background" | "Foreground" | "Orphan";
  gracePeriodSeconds?: number;
}

/** A request for what no other method offers, such as `/version`. */
export interface RawRequest extends HttpRequest {
  /** Safe to send twice. Default: only for GET. */
  idempotent?: boolean;
}

/** The connections that a client and its bound copies share. */
interface Connections {
  /** For calls, over {@link Connections.calls}' first transport or the lane's own. */
  readonly caller: Caller;
  readonly watcher: Caller;
  readonly calls: Set<Transport>;
  readonly watches: Transport;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const LANE_TIMEOUT_MS = 5_000;
const DEFAULT_IDLE_MS = 75_000;
const PAGE_SIZE = 500;

/**
 * The API server. Every method throws `ApiError` when the server refuses and `TransportError` when there
 * is no complete answer. 429 is obeyed (Retry-After, at most 10 times, never past the deadline); `get`, `list`
 * and `delete` are also sent again after 502, 503, 504 and a broken connection; other writes never are, as only
 * the caller knows whether that is safe. Objects come without `managedFields`.
 */
export class RestClient {
  readonly #options: RestClientOptions;
  readonly #connections: Connections;

  constructor(options: RestClientOptions, connections: Connections = connectionsOf(options)) {
    this.#options = options;
    this.#connections = connections;
  }

  /** Reads one object, as new as its last write. */
  async get<T extends KubeObject>(kind: Kind<T>, ref: ObjectRef, options: CallOptions = {}): Promise<T> {
    const call = objectCall("get", kind, ref);
    const request: HttpRequest = { method: "GET", path: objectPath(kind, ref) };
    return this.#object(kind, call, { request, idempotent: true, options });
  }

  /** Lists all objects, page by page; the resourceVersion is where a watch goes on. */
  async list<T extends KubeObject>(
    kind: Kind<T>,
    options: ListOptions = {},
  ): Promise<{ items: T[]; resourceVersion: string }> {
    const items: T[] = [];
    let resourceVersion = "";
    for await (const page of this.pages(kind, options)) {
      for (const item of page.items) items.push(item);
      resourceVersion = page.resourceVersion;
    }
    return { items, resourceVersion };
  }

  /** Lists one page at a time; all pages show the same moment. The deadline is per page. */
  async *pages<T extends KubeObject>(
    kind: Kind<T>,
    options: ListOptions = {},
  ): AsyncGenerator<Page<T>, void> {
    let next: string | undefined;
    do {
      const page = await this.#page(kind, options, next);
      next = page.continue;
      yield page;
    } while (next);
  }

  /** Creates the object and answers with what was stored. */
  async create<T extends KubeObject>(
    kind: Kind<T>,
    manifest: Manifest<T>,
    options: CallOptions = {},
  ): Promise<T> {
    const call = objectCall("create", kind, manifest.metadata);
    const { fieldManager } = this.#options;
    const path = withQuery(collectionPath(kind, requireNamespace(kind, manifest.metadata)), { fieldManager });
    const request: HttpRequest = { method: "POST", path, body: JSON.stringify(manifest) };
    return this.#object(kind, call, { request, idempotent: false, options });
  }

  /**
   * Server-side apply: the object gets all that the manifest says, and loses what our last one said and this
   * does not. Conflicts with other managers are won unless `force` is `false`.
   */
  async apply<T extends KubeObject>(
    kind: Kind<T>,
    manifest: Manifest<T>,
    options: CallOptions & { subresource?: "status"; force?: boolean } = {},
  ): Promise<T> {
    const { subresource, force = true } = options;
    const { fieldManager } = this.#options;
    const path = withQuery(objectPath(kind, manifest.metadata, subresource), { fieldManager, force });
    const contentType = "application/apply-patch+yaml";
    const request: HttpRequest = { method: "PATCH", path, contentType, body: JSON.stringify(manifest) };
    const call = objectCall("apply", kind, manifest.metadata, subresource);
    return this.#object(kind, call, { request, idempotent: false, options });
  }

  /** JSON Patch (RFC 6902): all operations or none; a failed `test` is a 422 without causes. */
  async patch<T extends KubeObject>(
    kind: Kind<T>,
    ref: ObjectRef,
    operations: readonly JsonPatchOperation[],
    options: CallOptions & { subresource?: string } = {},
  ): Promise<T> {
    const { fieldManager } = this.#options;
    const path = withQuery(objectPath(kind, ref, options.subresource), { fieldManager });
    const contentType = "application/json-patch+json";
    const request: HttpRequest = { method: "PATCH", path, contentType, body: JSON.stringify(operations) };
    const call = objectCall("patch", kind, ref, options.subresource);
    return this.#object(kind, call, { request, idempotent: false, options });
  }

  /**
   * Deletes the object with this UID, and no other that has taken its name.
   *
   * @throws ApiError `isNotFound` or `isConflict` when it is gone or replaced, which after a broken connection
   * may be the work of the first attempt.
   */
  async delete(kind: Kind, ref: ObjectRef, options: DeleteOptions): Promise<void> {
    const { uid, resourceVersion, propagationPolicy, gracePeriodSeconds } = options;
    const preconditions = { uid, resourceVersion };
    const body = JSON.stringify({ preconditions, propagationPolicy, gracePeriodSeconds });
    const request: HttpRequest = { method: "DELETE", path: objectPath(kind, ref), body };
    const call = objectCall("delete", kind, ref);
    await this.#connections.caller.call({ call, request, idempotent: true, options });
  }

  /**
   * Yields every change after `resourceVersion`, in order, until the server ends the watch.
   *
   * @throws ApiError with `isGone` when `resourceVersion` has expired, whether the server says so by status or
   * by an ERROR event.
   */
  async *watch<T extends KubeObject>(
    kind: Kind<T>,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>, void> {
    const { namespace, labelSelector, fieldSelector, resourceVersion, timeoutSeconds, signal } = options;
    const query = { labelSelector, fieldSelector, resourceVersion, timeoutSeconds };
    const path = withQuery(collectionPath(kind, namespace), {
      ...query,
      watch: true,
      allowWatchBookmarks: true,
    });
    const call: Call = { verb: "watch", kind: kind.kind, target: namespace ?? "" };
    const stream = await this.#connections.watcher.open(call, { method: "GET", path }, { signal });
    try {
      yield* readWatch(call, kind, stream.body, options.idleTimeoutMs ?? DEFAULT_IDLE_MS);
    } finally {
      stream.close();
    }
  }

  /** Sends a request as it is and answers with the parsed body. */
  async raw(request: RawRequest, options: CallOptions = {}): Promise<unknown> {
    const { idempotent = request.method === "GET" } = request;
    const call: Call = { verb: request.method, kind: request.path, target: "" };
    return this.#connections.caller.call({ call, request, idempotent, options });
  }

  /**
   * Sends a GET and answers with its body while that arrives, such as a log; `close` ends it.
   *
   * @throws ApiError | TransportError
   */
  async stream(path: string, options: CallOptions = {}): Promise<HttpStream & { close(): void }> {
    const call: Call = { verb: "GET", kind: path, target: "" };
    const request: HttpRequest = { method: "GET", path, accept: "*/*" };
    return this.#connections.watcher.open(call, request, options);
  }

  /** A copy over the same connections whose calls all fail once `signal` is aborted, as when a lease is lost. */
  bindTo(signal: AbortSignal): RestClient {
    const { caller, watcher } = this.#connections;
    const bound = { caller: caller.boundTo(signal), watcher: watcher.boundTo(signal) };
    return new RestClient(this.#options, { ...this.#connections, ...bound });
  }

  /** A copy with a connection of its own and a deadline of 5 s: lease calls never queue behind others. */
  lane(): RestClient {
    const { access, userAgent } = this.#options;
    const transport = new Transport({ access, userAgent, connections: 1 });
    this.#connections.calls.add(transport);
    const caller = this.#connections.caller.over(transport, LANE_TIMEOUT_MS);
    return new RestClient(this.#options, { ...this.#connections, caller });
  }

  /** Ends all watches, lets calls finish, and closes the connections of this client and all its copies. */
  async close(): Promise<void> {
    const { calls, watches } = this.#connections;
    await Promise.all([watches.destroy(), ...[...calls].map((transport) => transport.close())]);
  }

  async #object<T extends KubeObject>(
    kind: Kind<T>,
    call: Call,
    rest: Omit<PreparedCall, "call">,
  ): Promise<T> {
    return decodeObject(call, kind, await this.#connections.caller.call({ call, ...rest }));
  }

  async #page<T extends KubeObject>(kind: Kind<T>, options: ListOptions, next?: string): Promise<Page<T>> {
    const { namespace, labelSelector, fieldSelector, limit = PAGE_SIZE } = options;
    const { resourceVersion, resourceVersionMatch } = options;
    // A continue token carries its own resourceVersion, and the server refuses a second one.
    const from = next ? { continue: next } : { resourceVersion, resourceVersionMatch };
    const path = withQuery(collectionPath(kind, namespace), { labelSelector, fieldSelector, limit, ...from });
    const call: Call = { verb: "list", kind: kind.kind, target: namespace ?? "" };
    const request: HttpRequest = { method: "GET", path };
    const body = await this.#connections.caller.call({ call, request, idempotent: true, options });
    return decodePage(call, kind, body);
  }
}

function objectCall(verb: string, kind: Kind, ref: ObjectRef, subresource?: string): Call {
  return { verb, kind: subresource ? `${kind.kind}/${subresource}` : kind.kind, target: keyOf(ref) };
}

function connectionsOf(options: RestClientOptions): Connections {
  const { access, userAgent, metrics, connections = 8 } = options;
  const { timeoutMs = DEFAULT_TIMEOUT_MS, clock = systemClock } = options;
  const calls = new Transport({ access, userAgent, connections });
  const watches = new Transport({ access, userAgent, connections: null });
  const callerOptions = { timeoutMs, clock, metrics, serverClock: options.serverClock, signals: [] };
  return {
    caller: new Caller(calls, callerOptions),
    watcher: new Caller(watches, callerOptions),
    calls: new Set([calls]),
    watches,
  };
}
