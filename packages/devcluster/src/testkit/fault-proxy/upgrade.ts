import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Upstream } from "./upstream.ts";

/** Passes a request to change protocols (exec, attach, port-forward) through, byte by byte; no rule strikes it. */
export function passUpgrade(
  upstream: Upstream,
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
): void {
  const server = upstream.dial(request.headers.authorization !== undefined);
  const end = () => {
    server.destroy();
    socket.destroy();
  };
  server.once("error", end).once("close", end);
  socket.once("error", end).once("close", end);
  server.once("secureConnect", () => {
    server.write(headOf(request));
    server.write(head);
    socket.pipe(server).pipe(socket);
  });
}

function headOf({ method = "GET", url = "/", rawHeaders }: IncomingMessage): string {
  let text = `${method} ${url} HTTP/1.1\r\n`;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    text += `${rawHeaders[index] ?? ""}: ${rawHeaders[index + 1] ?? ""}\r\n`;
  }
  return `${text}\r\n`;
}
