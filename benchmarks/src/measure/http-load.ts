import { connect, type Socket } from "node:net";

/** What is asked for, again and again. */
export interface LoadTarget {
  /** `http://host:port/path` */
  url: string;
  /** The host that is asked for; default: that of the URL. */
  host?: string;
}

/** What came of a load. */
export interface LoadResult {
  requestsPerSecond: number;
  /** From the first byte sent to the last one received, in milliseconds. */
  latenciesMs: number[];
}

const endOfHead = "\r\n\r\n";
const lastChunk = "0\r\n\r\n";

/**
 * Asks over so many connections that are kept, one request at a time on each, until the time is over. Bare sockets:
 * an HTTP client in the same process would take more of the machine than what is measured.
 * @throws Error when an answer is no 200, or a connection ends.
 */
export async function load(
  target: LoadTarget,
  { connections, durationMs }: { connections: number; durationMs: number },
): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  const startMs = performance.now();
  const endMs = startMs + durationMs;
  await Promise.all(Array.from({ length: connections }, () => ask(target, { endMs, latenciesMs })));
  const seconds = (performance.now() - startMs) / 1000;
  return { requestsPerSecond: latenciesMs.length / seconds, latenciesMs };
}

function ask(
  { url, host }: LoadTarget,
  { endMs, latenciesMs }: { endMs: number; latenciesMs: number[] },
): Promise<void> {
  const { hostname, port, pathname, host: authority } = new URL(url);
  const head = `GET ${pathname} HTTP/1.1\r\nHost: ${host ?? authority}\r\nAuthorization: token 0123456789\r\nAccept: */*\r\n\r\n`;
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  let received = "";
  let sentMs = 0;
  const send = (): void => {
    received = "";
    sentMs = performance.now();
    socket.write(head);
  };
  socket.once("connect", send);
  socket.on("data", (chunk) => {
    received += chunk.toString("latin1");
    if (!isWhole(received)) return;
    if (!received.startsWith("HTTP/1.1 200 ")) reject(new Error(`${url}: ${received.slice(0, 100)}`));
    latenciesMs.push(performance.now() - sentMs);
    if (performance.now() < endMs) send();
    else resolve(undefined);
  });
  socket.once("error", reject);
  socket.once("close", () => reject(new Error(`${url}: the connection was closed`)));
  return promise.finally(() => end(socket));
}

function isWhole(received: string): boolean {
  const bodyAt = received.indexOf(endOfHead) + endOfHead.length;
  if (bodyAt < endOfHead.length) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(received.slice(0, bodyAt))?.[1];
  return length === undefined ? received.endsWith(lastChunk) : received.length >= bodyAt + Number(length);
}

function end(socket: Socket): void {
  socket.removeAllListeners("close");
  socket.destroy();
}
