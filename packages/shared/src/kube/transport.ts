import type { IncomingHttpHeaders } from "node:http";
import { createSecureContext } from "node:tls";
import { buildConnector, Pool, type Dispatcher } from "undici";
import { type Call, TransportError, type TransportFailure } from "./api-error.ts";
import type { ClusterAccess, Credentials, TlsMaterial } from "./access.ts";
import type { Deadline } from "./deadline.ts";

/** One HTTP request, without the parts that are the same for all. */
export interface HttpRequest {
  readonly method: Dispatcher.HttpMethod;
  /** Path and query, from the root of the API. */
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  /** Default: JSON. */
  readonly accept?: string;
}

/** A complete HTTP answer. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An HTTP answer whose body is still arriving. */
export interface HttpStream {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Dispatcher.ResponseData["body"];
}

/** How connections are made; the defaults suit calls. */
export interface TransportOptions {
  readonly access: ClusterAccess;
  readonly userAgent: string;
  /** Connections kept at most; null for one per request in flight. */
  readonly connections: number | null;
}

/** A peer that vanished without a word is noticed by TCP 10 s (10 probes, one a second) after this. */
const KEEP_ALIVE_DELAY_MS = 10_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** Below the 90 s after which the API server closes an idle connection, so that we never race with it. */
const IDLE_CONNECTION_MS = 60_000;

/** Sends requests to one API server over kept HTTP/1.1 connections; knows nothing of Kubernetes. */
export class Transport {
  readonly host: string;
  readonly #options: TransportOptions;
  readonly #origin: string;
  readonly #basePath: string;
  readonly #refused = new WeakSet<Error>();
  #pool: { readonly tls: TlsMaterial; readonly pool: Pool } | undefined;

  constructor(options: TransportOptions) {
    const url = new URL(options.access.server);
    this.#options = options;
    this.#origin = url.origin;
    this.#basePath = url.pathname.replace(/\/$/, "");
    this.host = url.host;
  }

  /**
   * Sends one request and reads the whole answer, whatever its status. A 401 is sent once more with fresh
   * credentials: it was refused before anything was done.
   *
   * @throws TransportError when there is no complete answer before the deadline.
   */
  async exchange(call: Call, request: HttpRequest, deadline: Deadline): Promise<HttpAnswer> {
    const { status, headers, body } = await this.open(call, request, deadline);
    try {
      return { status, headers, body: await body.text() };
    } catch (error) {
      throw this.#explain(call, error, deadline);
    }
  }

  /**
   * Sends one request and answers as soon as the headers are there. The deadline's signal still ends the body.
   *
   * @throws TransportError when there is no answer before the deadline.
   */
  async open(call: Call, request: HttpRequest, deadline: Deadline): Promise<HttpStream> {
    const credentials = await this.#credentials(call, deadline);
    const answer = await this.#send(call, request, credentials, deadline);
    if (answer.statusCode !== 401) return streamOf(answer);
    const fresh = await this.#credentials(call, deadline, credentials);
    if (fresh.headers.Authorization === credentials.headers.Authorization) return streamOf(answer);
    await answer.body.dump();
    return streamOf(await this.#send(call, request, fresh, deadline));
  }

  /** Lets requests in flight finish, then closes every connection. */
  async close(): Promise<void> {
    await this.#pool?.pool.close();
  }

  /** Closes every connection now; requests in flight fail. */
  async destroy(): Promise<void> {
    await this.#pool?.pool.destroy();
  }

  async #credentials(call: Call, deadline: Deadline, rejected?: Credentials): Promise<Credentials> {
    if (deadline.isOver()) throw this.#stopped(call, deadline, false);
    try {
      return await this.#options.access.credentials(rejected);
    } catch (cause) {
      throw new TransportError(call, "credentials", `cannot obtain credentials: ${messageOf(cause)}`, {
        sent: false,
        cause,
      });
    }
  }

  async #send(
    call: Call,
    request: HttpRequest,
    credentials: Credentials,
    deadline: Deadline,
  ): Promise<Dispatcher.ResponseData> {
    const dispatch = new Dispatch(deadline);
    try {
      return await this.#poolFor(credentials.tls)
        .compose(dispatch.interceptor)
        .request({
          method: request.method,
          path: this.#basePath + request.path,
          headers: this.#headers(request, credentials),
          body: request.body,
          // Undici gives up a connection over which a DELETE had a body, in case the server takes that body for the
          // next request. The API server does not, and a new TLS connection costs both as much as a small request.
          reset: false,
          signal: deadline.signal,
        });
    } catch (error) {
      if (deadline.signal.aborted) throw this.#stopped(call, deadline, dispatch.begun);
      throw this.#explain(call, error, deadline);
    }
  }

  #headers(request: HttpRequest, credentials: Credentials): Record<string, string> {
    const headers: Record<string, string> = {
      ...credentials.headers,
      accept: request.accept ?? "application/json",
      "user-agent": this.#options.userAgent,
    };
    if (request.body !== undefined) headers["content-type"] = request.contentType ?? "application/json";
    return headers;
  }

  #poolFor(tls: TlsMaterial): Pool {
    if (this.#pool?.tls === tls) return this.#pool.pool;
    // A rotated certificate: requests in flight finish on the old connections, new ones use it at once.
    void this.#pool?.pool.close();
    this.#pool = { tls, pool: this.#createPool(tls) };
    return this.#pool.pool;
  }

  #createPool({ rejectUnauthorized, servername, ...material }: TlsMaterial): Pool {
    const connect = buildConnector({
      rejectUnauthorized,
      servername,
      // Once for all connections: to read the certificates anew for each costs more than the rest of a handshake.
      secureContext: createSecureContext(material),
      allowH2: false,
      timeout: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
    });
    return new Pool(this.#origin, {
      connections: this.#options.connections,
      allowH2: false,
      pipelining: 1,
      // Every request has its own deadline, and a quiet watch is not an error.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: IDLE_CONNECTION_MS,
      connect: (options, callback) => {
        connect(options, (...result) => {
          // Only here is it certain that nothing of the request left this process.
          if (result[0]) this.#refused.add(result[0]);
          callback(...result);
        });
      },
    });
  }

  #explain(call: Call, error: unknown, deadline: Deadline): TransportError {
    if (deadline.signal.aborted) return this.#stopped(call, deadline, true);
    const refused = error instanceof Error && this.#refused.has(error);
    const failure: TransportFailure = refused ? "unreachable" : "disconnected";
    const what = refused
      ? `cannot connect to ${this.host}`
      : `the connection to ${this.host} broke before the answer was complete`;
    return new TransportError(call, failure, `${what}: ${messageOf(error)}`, {
      sent: !refused,
      cause: error,
    });
  }

  #stopped(call: Call, deadline: Deadline, sent: boolean): TransportError {
    const cause: unknown = deadline.signal.reason;
    const message = deadline.expired ? messageOf(cause) : `given up: ${messageOf(cause)}`;
    return new TransportError(call, deadline.expired ? "timeout" : "aborted", message, { sent, cause });
  }
}

/**
 * The moment in which a request leaves the queue for its connection: the last one to stop it. A request may have
 * waited until then, for credentials or a free connection, while its caller lost the right to send it.
 */
class Dispatch {
  /** Something of it may have been sent. */
  begun = false;
  readonly #deadline: Deadline;

  constructor(deadline: Deadline) {
    this.#deadline = deadline;
  }

  /** Undici asks the handler's `onRequestStart` right before it writes; aborted there, nothing is written. */
  readonly interceptor: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
    const start = handler.onRequestStart?.bind(handler);
    handler.onRequestStart = (controller, context) => {
      this.begun = !this.#deadline.isOver();
      start?.(controller, context);
    };
    return dispatch(options, handler);
  };
}

function streamOf(answer: Dispatcher.ResponseData): HttpStream {
  return { status: answer.statusCode, headers: answer.headers, body: answer.body };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
