import type { IncomingMessage, ServerResponse } from "node:http";
import type { BlockList, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Problem } from "@datalayer/shared/http/problem";
import type { Logger } from "@datalayer/shared/log/logger";
import { Answer, type Exchange } from "./answer.ts";
import { bodyOf } from "./body.ts";
import { Handshake, isHandshake, responseOn } from "./handshake.ts";
import { type ForwardedFor, requestHeaders } from "./headers.ts";
import type { GatewayMetrics } from "./metrics.ts";
import type { Passage, Passages } from "./passages.ts";
import { badUpgrade, problemOf, refuse } from "./refusal.ts";
import { Tunnel } from "./tunnel.ts";

/** What a proxy is made of. */
export interface ProxyOptions {
  passages: Passages;
  /** Proxies whose `X-Forwarded-*` headers are kept. */
  trustedProxies: BlockList;
  maxBodyBytes: number;
  /** How long a WebSocket may be silent. */
  idleTimeoutMs: number;
  metrics: GatewayMetrics;
  log: Logger;
}

/** Who is at the other end of a connection. */
type Peer = Pick<ForwardedFor, "peer" | "trusted">;

/** Sends each request to the runtime that its path names, and its answer back. */
export class Proxy {
  readonly #options: ProxyOptions;
  readonly #tunnels = new Set<Tunnel>();
  readonly #peers = new WeakMap<Socket, Peer>();
  #openRequests = 0;
  /** Resolves when no request is under way any more; there once the proxy drains. */
  #drained: PromiseWithResolvers<void> | undefined;

  constructor(options: ProxyOptions) {
    this.#options = options;
  }

  /** Serves a request that asks for no WebSocket. */
  serve(request: IncomingMessage, response: ServerResponse): void {
    if (this.#drained) response.shouldKeepAlive = false;
    this.#openRequests++;
    response.once("close", () => this.#requestEnded());
    const passage = this.#options.passages.of(request);
    if (passage instanceof Problem) this.#refuse(request, response, passage);
    else this.#forward(this.#exchange(request, response, passage));
  }

  /** Serves a request that asks for a WebSocket. */
  upgrade(request: IncomingMessage, client: Socket, head: Buffer): void {
    client.on("error", () => undefined);
    const response = responseOn(request, client);
    const passage = isHandshake(request) ? this.#options.passages.of(request) : badUpgrade();
    if (passage instanceof Problem) {
      this.#refuse(request, response, passage);
      return;
    }
    const handshake = new Handshake(this.#exchange(request, response, passage), client, (runtime) => {
      if (head.length > 0) client.unshift(head);
      this.#tunnel(passage, client, runtime);
    });
    passage.link.connections?.dispatch(
      { ...this.#target(request), method: "GET", upgrade: "websocket" },
      handshake,
    );
  }

  /** Keeps no connection for a further request from now on; resolves when those under way have ended. */
  drain(): Promise<void> {
    this.#drained ??= Promise.withResolvers();
    if (this.#openRequests === 0) this.#drained.resolve();
    return this.#drained.promise;
  }

  /** Closes every WebSocket: the server goes away. */
  closeWebSockets(): void {
    for (const tunnel of this.#tunnels) tunnel.end();
  }

  #requestEnded(): void {
    this.#openRequests--;
    if (this.#openRequests === 0) this.#drained?.resolve();
  }

  #forward(exchange: Exchange): void {
    const { request, response, link } = exchange;
    try {
      const body = bodyOf(request, this.#options.maxBodyBytes);
      if (request.headers.expect !== undefined) response.writeContinue();
      const { method = "GET" } = request;
      link.connections?.dispatch({ ...this.#target(request), method, body }, new Answer(exchange));
    } catch (error) {
      this.#refuse(request, response, problemOf(error));
    }
  }

  #tunnel({ link, open }: Passage, client: Socket, runtime: Duplex): void {
    const { metrics, idleTimeoutMs } = this.#options;
    metrics.webSockets.inc();
    const tunnel = new Tunnel({
      client,
      runtime,
      idleTimeoutMs,
      onMessage: () => link.used(),
      onEnd: () => {
        metrics.webSockets.dec();
        this.#tunnels.delete(tunnel);
        finish();
      },
    });
    const finish = open(tunnel);
    this.#tunnels.add(tunnel);
  }

  #exchange(request: IncomingMessage, response: ServerResponse, passage: Passage): Exchange {
    const { metrics, log } = this.#options;
    return { ...passage, request, response, metrics, log };
  }

  #target({ url, headers, rawHeaders, socket }: IncomingMessage): { path: string; headers: string[] } {
    const { host, connection } = headers;
    const client = { ...this.#peerOf(socket), host, connection };
    return { path: url ?? "", headers: requestHeaders(rawHeaders, client) };
  }

  /** Looked up once for a connection, which takes many requests. */
  #peerOf(socket: Socket): Peer {
    const known = this.#peers.get(socket);
    if (known) return known;
    const { remoteAddress: peer = "", remoteFamily } = socket;
    const trusted = this.#options.trustedProxies.check(peer, remoteFamily === "IPv6" ? "ipv6" : "ipv4");
    const found = { peer, trusted };
    this.#peers.set(socket, found);
    return found;
  }

  #refuse(request: IncomingMessage, response: ServerResponse, problem: Problem): void {
    this.#options.metrics.failures.inc({ code: problem.status });
    refuse(request, response, problem);
  }
}
