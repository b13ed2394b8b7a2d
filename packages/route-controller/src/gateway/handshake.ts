import { createHash } from "node:crypto";
import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Dispatcher } from "undici";
import { Answer, type Exchange } from "./answer.ts";
import { responseHeaders } from "./headers.ts";

/** Whether a request asks for a WebSocket; what else it would upgrade to is not served. */
export function asksForWebSocket({ headers }: Pick<IncomingMessage, "headers">): boolean {
  return headers.upgrade?.toLowerCase() === "websocket";
}

/** Whether it asks for it as RFC 6455, 4.1 says. */
export function isHandshake({ method, headers }: Pick<IncomingMessage, "method" | "headers">): boolean {
  const { "sec-websocket-key": key, "sec-websocket-version": version } = headers;
  return method === "GET" && version === "13" && key !== undefined && /^[+/0-9A-Za-z]{22}==$/.test(key);
}

/** A response to what Node has handed over as an upgrade; the connection ends with it. */
export function responseOn(request: IncomingMessage, client: Socket): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(client);
  response.once("finish", () => client.destroySoon());
  return response;
}

/** Passes a handshake on: the runtime opens the WebSocket, or answers as to any request. */
export class Handshake extends Answer {
  readonly #request: IncomingMessage;
  readonly #client: Socket;
  readonly #onOpen: (runtime: Duplex) => void;

  /** @param onOpen - called with the connection to the runtime once that has agreed and the client has been told. */
  constructor(exchange: Exchange, client: Socket, onOpen: (runtime: Duplex) => void) {
    super(exchange);
    this.#request = exchange.request;
    this.#client = client;
    this.#onOpen = onOpen;
  }

  onRequestUpgrade(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: { "sec-websocket-accept"?: string | string[] },
    runtime: Duplex,
  ): void {
    // Who has not understood the handshake must not get raw bytes.
    if (status !== 101 || headers["sec-websocket-accept"] !== acceptOf(this.#request)) {
      runtime.destroy();
      this.onResponseError(controller, new Error("the handshake was answered with something else"));
      return;
    }
    if (!this.detach(status)) {
      runtime.destroy();
      return;
    }
    const fields = responseHeaders(controller.rawHeaders as Buffer[]);
    this.#client.write(switchingProtocols(fields), "latin1");
    this.#onOpen(runtime);
  }
}

function switchingProtocols(fields: readonly string[]): string {
  let head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
  for (let index = 0; index < fields.length; index += 2) head += `${fields[index]}: ${fields[index + 1]}\r\n`;
  return `${head}\r\n`;
}

/** What proves that the handshake was understood; the constant is that of RFC 6455, 1.3. */
function acceptOf({ headers }: IncomingMessage): string {
  const key = `${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  return createHash("sha1").update(key).digest("base64");
}
