import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createH2cServer } from "node:http2";
import { createServer as createTlsServer } from "node:https";
import { once } from "node:events";
import type { Server as NetServer, Socket } from "node:net";
import { text } from "node:stream/consumers";
import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { makeCertificate } from "@datalayer/devcluster/testkit/certificate";
import { podAddress } from "@datalayer/devcluster/testkit/pod-address";
import { WebSocketServer } from "ws";

/** The port of an echo, unless said otherwise. */
export const echoPort = 8080;

/** What an echo answers: the request as it came. */
export interface EchoAnswer {
  /** Which echo answered. */
  echo: string;
  method: string;
  /** Path and query. */
  url: string;
  /** Names in lower case. */
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** A server with an address that a Pod could have. */
export interface Echo {
  readonly name: string;
  readonly address: string;
  /** Requests that arrived, WebSockets among them. */
  readonly requests: number;
  /** Open connections. */
  readonly connections: number;
  /** Ends it, with its connections. */
  stop(): Promise<void>;
}

/**
 * Starts a server that answers with the request as it came, until the test file ends. Some paths do more:
 * `/status/<code>` answers with that status; `/stream` sends a line at once and the rest when the client asks
 * `/stream/finish`, and `/events/stream` does so as server-sent events; `/silence` never answers; a WebSocket sends each message back, after the name of
 * the echo, and answers `headers` with those that it was opened with.
 */
export async function startEcho(
  name: string,
  options: { protocol?: "http" | "https" | "h2c"; address?: string; port?: number; identity?: Identity } = {},
): Promise<Echo> {
  const { protocol = "http", address = await podAddress(), port = echoPort, identity } = options;
  const counted = { requests: 0 };
  const streams = new Set<ServerResponse>();
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    counted.requests++;
    void answer(name, request, response, streams);
  };
  const server = await serverOf(protocol, handle, identity ?? { ip: address, name: "echo" });
  const sockets = new Set<Socket>();
  server.on(protocol === "https" ? "secureConnection" : "connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  serveWebSockets(name, server, () => counted.requests++);
  server.listen(port, address);
  await once(server, "listening");
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  afterFile(stop);
  return {
    name,
    address,
    get requests() {
      return counted.requests;
    },
    get connections() {
      return sockets.size;
    },
    stop,
  };
}

/** The certificate of an echo that speaks `https`, or what one is made for. */
type Identity = { cert: string; key: string } | { ip: string; name: string };

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function serverOf(protocol: string, handle: Handler, identity: Identity): Promise<NetServer> {
  if (protocol === "https")
    return createTlsServer("cert" in identity ? identity : await makeCertificate(identity), handle);
  // The compatibility layer of HTTP/2 serves the same handler.
  if (protocol === "h2c") return createH2cServer(handle as never);
  return createServer(handle);
}

async function answer(
  name: string,
  request: IncomingMessage,
  response: ServerResponse,
  streams: Set<ServerResponse>,
): Promise<void> {
  const { method = "", url = "" } = request;
  const [path = ""] = url.split("?");
  if (path.endsWith("/silence")) return;
  if (path.endsWith("/stream")) {
    streams.add(response);
    begin(name, path, response);
    return;
  }
  if (path.endsWith("/stream/finish")) for (const stream of streams) stream.end("end\n");
  const [, status = "200"] = /\/status\/(\d{3})$/.exec(path) ?? [];
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([key]) => !key.startsWith(":")));
  const body = await text(request);
  const content = Buffer.from(
    JSON.stringify({ echo: name, method, url, headers, body } satisfies EchoAnswer),
  );
  response.writeHead(Number(status), {
    "content-type": "application/json",
    "content-length": content.length,
    "x-echo": name,
  });
  response.end(content);
}

function begin(name: string, path: string, response: ServerResponse): void {
  if (path.endsWith("/events/stream")) response.setHeader("content-type", "text/event-stream");
  response.write(`${name}\n`);
}

function serveWebSockets(name: string, server: NetServer, onOpen: () => void): void {
  const webSockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    onOpen();
    webSockets.handleUpgrade(request, socket, head, (open) => webSockets.emit("connection", open, request));
  });
  webSockets.on("connection", (socket, { headers }) => {
    socket.on("message", (message, isBinary) => {
      const said = (message as Buffer).toString();
      if (said === "headers") socket.send(JSON.stringify(headers));
      else socket.send(isBinary ? message : `${name}: ${said}`);
    });
  });
}
