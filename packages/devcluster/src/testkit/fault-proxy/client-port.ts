import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Certificate } from "../certificate.ts";
import { Connections } from "./connections.ts";
import { Exchange, type ExchangeContext } from "./exchange.ts";
import { Gate } from "./gate.ts";
import type { RequestLog } from "./request-log.ts";
import type { RuleBook } from "./rules.ts";
import { passUpgrade } from "./upgrade.ts";
import type { Upstream } from "./upstream.ts";
import type { WatchStream } from "./watch-stream.ts";

/** How a partition shows: packets vanish, or connections are reset and refused. */
export type Partition = "hang" | "reset";

/** What all ports of a proxy share. */
export interface PortContext {
  readonly certificate: Certificate;
  readonly upstream: Upstream;
  readonly rules: RuleBook;
  readonly log: RequestLog;
  readonly closing: AbortSignal;
  /** Folder for the clients' kubeconfigs. */
  readonly directory: string;
}

/** The TLS port of one client. */
export class ClientPort {
  /** The watch streams of the client that are open. */
  readonly watches = new Set<WatchStream>();
  readonly #server: Server;
  readonly #connections: Connections;
  readonly #link = new Gate();
  #isRefusing = false;

  constructor(client: string, context: PortContext) {
    const { key, cert } = context.certificate;
    this.#server = createServer({ key, cert });
    // The API server keeps idle connections; closing them earlier would add resets that no rule asked for.
    this.#server.keepAliveTimeout = 0;
    this.#server.requestTimeout = 0;
    this.#connections = new Connections(this.#server);
    this.#serve({
      ...context,
      client,
      link: this.#link,
      watches: this.watches,
      reset: (request) => this.#connections.reset(request.socket),
    });
  }

  /** Listens on a free port of 127.0.0.1 and returns its number. */
  async listen(): Promise<number> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  /** Cuts the client off until {@link heal}; see {@link Partition}. */
  partition(how: Partition): void {
    if (how === "hang") {
      this.#link.close();
      for (const watch of this.watches) watch.blockAt(this.#link);
    } else {
      this.#isRefusing = true;
      this.#connections.resetAll();
    }
  }

  /** Connects the client again; what waited and still has a client goes on. */
  heal(): void {
    this.#isRefusing = false;
    this.#link.open();
  }

  /** Resets every connection and stops listening. */
  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#connections.resetAll();
    await closed;
  }

  #serve(context: ExchangeContext): void {
    this.#server.on("request", (request, response) => {
      void new Exchange(context, request, response).run();
    });
    this.#server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) =>
      passUpgrade(context.upstream, request, socket, head),
    );
    this.#server.on("connection", (socket: Socket) => {
      if (this.#isRefusing) socket.resetAndDestroy();
    });
  }
}
