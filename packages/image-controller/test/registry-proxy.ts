import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { buffer } from "node:stream/consumers";
import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { podAddress } from "@datalayer/devcluster/testkit/pod-address";
import { request } from "undici";

const port = 5001;

/** A request that passed, or should have. */
export interface SeenRequest {
  method: string;
  path: string;
  /** What the client got; undefined where the connection was broken. */
  status?: number;
}

/** What is done to requests. */
export interface RegistryFault {
  method?: string;
  /** Of the path with its query. */
  path?: RegExp;
  /** How many requests it strikes; without an end by default. */
  times?: number;
  act: Act;
}

/**
 * `answer`: instead of the registry. `break`: no answer. `tamper`: changes the registry's. `after`: once it answered.
 * `hold`: nothing reaches the registry before that.
 */
export type Act =
  | { kind: "hold"; until: Promise<unknown> }
  | { kind: "answer"; status: number; headers?: Record<string, string>; body?: string }
  | { kind: "break" }
  | { kind: "break-after" }
  | { kind: "tamper"; headers?: Record<string, string>; body?: (body: Buffer) => Buffer };

/** A request on its way to the registry. */
interface Forwarded {
  asked: IncomingMessage;
  body: Buffer;
  seen: SeenRequest;
  act: Exclude<Act, { kind: "answer" | "break" }> | undefined;
}

/** A rule in force. */
export interface FaultHandle {
  readonly strikes: number;
  remove(): void;
}

/** Stands before a real registry and does to requests what networks and registries do on bad days. */
export class RegistryProxy {
  readonly log: SeenRequest[] = [];
  readonly host: string;
  readonly #upstream: string;
  readonly #server: Server;
  readonly #faults = new Set<RegistryFault & { strikes: number }>();

  private constructor(host: string, upstream: string) {
    this.host = host;
    this.#upstream = upstream;
    this.#server = createServer((asked, answer) => {
      // The client is gone, as one is whose Pod is ended.
      this.#serve(asked, answer).catch(() => answer.destroy());
    });
  }

  /** Starts one before a registry without TLS; ended after the test file. It has an address of its own unless told one. */
  static async start(upstreamHost: string, at?: string): Promise<RegistryProxy> {
    const address = at ?? (await podAddress());
    const proxy = new RegistryProxy(`${address}:${port}`, `http://${upstreamHost}`);
    proxy.#server.listen(port, address);
    await once(proxy.#server, "listening");
    afterFile(async () => {
      proxy.#server.closeAllConnections();
      proxy.#server.close();
      await once(proxy.#server, "close");
    });
    return proxy;
  }

  inject(fault: RegistryFault): FaultHandle {
    const rule = { ...fault, strikes: 0 };
    this.#faults.add(rule);
    return {
      get strikes() {
        return rule.strikes;
      },
      remove: () => this.#faults.delete(rule),
    };
  }

  /** The requests of a method and a path that were seen. */
  seen(method: string, path: RegExp): SeenRequest[] {
    return this.log.filter((one) => one.method === method && path.test(one.path));
  }

  async #serve(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { method = "", url: path = "" } = asked;
    const seen: SeenRequest = { method, path };
    this.log.push(seen);
    const body = await buffer(asked);
    const act = this.#strike(method, path);
    if (act?.kind === "break") answer.destroy();
    else if (act?.kind === "answer") {
      seen.status = act.status;
      answer.writeHead(act.status, act.headers).end(act.body);
    } else await this.#forward({ asked, body, seen, act }, answer);
  }

  async #forward({ asked, body, seen, act }: Forwarded, answer: ServerResponse): Promise<void> {
    if (act?.kind === "hold") await act.until;
    const {
      statusCode,
      headers: received,
      body: stream,
    } = await request(`${this.#upstream}${seen.path}`, {
      method: seen.method as "GET",
      headers: forwardable(asked.headers),
      body: body.byteLength > 0 ? body : null,
    });
    const content = Buffer.from(await stream.arrayBuffer());
    if (act?.kind === "break-after") {
      answer.destroy();
      return;
    }
    seen.status = statusCode;
    const sent = tampered(act, { headers: received, content });
    if (seen.method !== "HEAD") sent.headers["content-length"] = String(sent.content.byteLength);
    answer.writeHead(statusCode, sent.headers).end(sent.content);
  }

  #strike(method: string, path: string): Act | undefined {
    for (const fault of this.#faults) {
      const isMeant = (fault.method ?? method) === method && (fault.path?.test(path) ?? true);
      if (!isMeant || fault.strikes >= (fault.times ?? Infinity)) continue;
      fault.strikes++;
      return fault.act;
    }
    return undefined;
  }
}

/** Without what is said of one connection alone. */
function forwardable(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const ofConnection = new Set(["connection", "expect", "keep-alive", "transfer-encoding"]);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ofConnection.has(name)));
}

interface Received {
  headers: IncomingHttpHeaders;
  content: Buffer;
}

/** What the client gets of what the registry answered. */
function tampered(act: Forwarded["act"], { headers, content }: Received): Received {
  const kept = forwardable(headers);
  if (act?.kind !== "tamper") return { headers: kept, content };
  return { headers: { ...kept, ...act.headers }, content: act.body?.(content) ?? content };
}
