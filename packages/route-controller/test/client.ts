import { once } from "node:events";
import { type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest, type RequestOptions } from "node:https";
import { buffer } from "node:stream/consumers";
import { WebSocket } from "ws";
import type { EchoAnswer } from "./echo.ts";

/** A request through the data plane. */
export interface Request {
  /** The host that it asks for, in Host and SNI; default: that of the URL. */
  host?: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Certificate and key of the client, as PEM. */
  client?: { cert: string; key: string };
  /** Address of this machine that it comes from. */
  localAddress?: string;
}

/** What came back. */
export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
  /** Of an echo; undefined when the body is something else. */
  json: EchoAnswer | undefined;
}

/**
 * Sends one request over a connection of its own; the path is sent as it is written, dots and all, and no
 * certificate is checked.
 */
export async function ask(url: string, options: Request = {}): Promise<Answer> {
  const response = await open(url, options);
  const body = (await buffer(response)).toString();
  const { statusCode: status = 0, headers } = response;
  return { status, headers, body, json: parsed(body) };
}

/** An answer of which a part has arrived. */
export interface OpenStream {
  /** What came first. */
  first: string;
  /** Waits for the end; answers with what came after the first. */
  rest(): Promise<string>;
}

/** Sends a request and waits for the first bytes of the body only. */
export async function openStream(url: string, options: Request = {}): Promise<OpenStream> {
  const response = await open(url, options);
  const chunks = (response as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  const first = await chunks.next();
  const rest = async (): Promise<string> => {
    const left: Buffer[] = [];
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) left.push(next.value);
    return Buffer.concat(left).toString();
  };
  return { first: first.done ? "" : first.value.toString(), rest };
}

async function open(url: string, options: Request): Promise<IncomingMessage> {
  const [, origin = "", path = "/"] = /^(https?:\/\/[^/]+)(\/.*)?$/.exec(url) ?? [];
  const { hostname, port, protocol, host: authority } = new URL(origin);
  const { host = authority, method = "GET", headers, body, client, localAddress } = options;
  const settings: RequestOptions = {
    hostname,
    port,
    path,
    method,
    localAddress,
    headers: { host, ...headers },
    agent: false,
    servername: host.replace(/:\d+$/, ""),
    rejectUnauthorized: false,
    ...client,
  };
  const request = protocol === "https:" ? httpsRequest(settings) : httpRequest(settings);
  request.end(body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return response;
}

/** An open WebSocket. */
export interface OpenWebSocket {
  /** Sends a message and waits for the next one. */
  exchange(message: string): Promise<string>;
  /** Resolves when it has ended, whoever ended it, with the code. */
  readonly closed: Promise<number>;
  close(): Promise<void>;
}

/** Opens a WebSocket at an `http:` or `https:` URL. @throws Error with the status when it is refused. */
export async function openWebSocket(
  url: string,
  options: Pick<Request, "host" | "headers"> = {},
): Promise<OpenWebSocket> {
  const { host, headers } = options;
  const socket = new WebSocket(url.replace(/^http/, "ws"), {
    headers: { ...(host !== undefined && { host }), ...headers },
    rejectUnauthorized: false,
    ...(host !== undefined && { servername: host }),
  });
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  await once(socket, "open");
  socket.on("error", () => undefined);
  return {
    closed,
    exchange: async (message) => {
      const answer = once(socket, "message") as Promise<[Buffer]>;
      socket.send(message);
      return (await answer)[0].toString();
    },
    close: async () => {
      socket.close();
      await closed;
    },
  };
}

function parsed(text: string): EchoAnswer | undefined {
  try {
    return JSON.parse(text) as EchoAnswer;
  } catch {
    return undefined;
  }
}
