import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, Socket } from "node:net";
import { answerBrokenConnection } from "@datalayer/shared/http/error-answers";
import type { ConnectionError } from "fastify";
import { asksForWebSocket } from "./handshake.ts";
import type { Proxy } from "./proxy.ts";

/** What clients may cost. */
export interface ServerLimits {
  maxHeaderBytes: number;
  /** How long a connection may be silent while a request is under way. */
  idleTimeoutMs: number;
}

const headersTimeoutMs = 10_000;
/** Longer than usual proxies keep theirs, so that they close first. */
const keepAliveMs = 75_000;
const tcpKeepAliveMs = 30_000;
const checkConnectionsMs = 1_000;
const maxConnections = 20_000;

/** The port that clients reach runtimes by. */
export class GatewayServer {
  readonly #proxy: Proxy;
  readonly #server: Server;

  constructor(proxy: Proxy, { maxHeaderBytes, idleTimeoutMs }: ServerLimits) {
    this.#proxy = proxy;
    this.#server = createServer({
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: headersTimeoutMs,
      // An upload may take hours, as long as it goes on.
      requestTimeout: 0,
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: checkConnectionsMs,
      noDelay: true,
      // Finds clients that are gone without a word behind a WebSocket that is silent.
      keepAlive: true,
      keepAliveInitialDelay: tcpKeepAliveMs,
      // Whatever else a client would like to upgrade to is served as what it is: a request of HTTP/1.1.
      shouldUpgradeCallback: asksForWebSocket,
    });
    this.#server.timeout = idleTimeoutMs;
    this.#server.maxConnections = maxConnections;
    // They are limited in bytes; Node would leave out what is beyond a number.
    this.#server.maxHeadersCount = 0;
    this.#server.on("request", (request, response) => proxy.serve(request, response));
    this.#server.on("checkContinue", (request, response) => proxy.serve(request, response));
    // Without TLS there is no other connection than a socket; the types of Node leave that open.
    this.#server.on("upgrade", (request, client, head) => {
      if (client instanceof Socket) proxy.upgrade(request, client, head);
    });
    this.#server.on("clientError", (error, client) => {
      if (client instanceof Socket) answerBrokenConnection(error as ConnectionError, client);
    });
  }

  /** @throws Error when the port is taken. */
  async listen(address: { host: string; port: number }): Promise<AddressInfo> {
    this.#server.listen(address);
    await once(this.#server, "listening");
    return this.#server.address() as AddressInfo;
  }

  /**
   * Accepts no more connections, lets requests end, and closes WebSockets (1001) once all have ended, or the signal
   * is aborted; then ends what is left.
   */
  async drain(signal: AbortSignal): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    await Promise.race([this.#proxy.drain(), aborted(signal)]);
    this.#proxy.closeWebSockets();
    this.#server.closeAllConnections();
    await closed;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
