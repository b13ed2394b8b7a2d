import { ApiError, type Call, type Status, TransportError } from "./api-error.ts";
import { complete } from "./decode.ts";
import { LineDecoder } from "./line-decoder.ts";
import type { Kind, KubeObject } from "./object.ts";
import type { HttpStream } from "./transport.ts";

/** One change of an object, or a bookmark: the watch has seen all up to its resourceVersion. */
export type WatchEvent<T extends KubeObject = KubeObject> =
  | { type: "ADDED" | "MODIFIED" | "DELETED"; object: T }
  | { type: "BOOKMARK"; object: { metadata: { resourceVersion: string } } };

type WireEvent<T extends KubeObject> = WatchEvent<T> | { type: "ERROR"; object: Status };

/**
 * Decodes an open watch, event by event in the order of arrival, until the server ends it.
 *
 * @throws ApiError for an ERROR event.
 * @throws TransportError when the connection breaks, a line is torn or no JSON, or nothing arrives for
 * `idleTimeoutMs`.
 */
export async function* readWatch<T extends KubeObject>(
  call: Call,
  kind: Kind<T>,
  { body }: HttpStream,
  idleTimeoutMs: number,
): AsyncGenerator<WatchEvent<T>, void> {
  const lines = new LineDecoder();
  const idle = setTimeout(() => {
    const message = `nothing arrived for ${idleTimeoutMs} ms`;
    body.destroy(new TransportError(call, "timeout", message, { sent: true }));
  }, idleTimeoutMs);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      idle.refresh();
      for (const line of lines.push(chunk)) yield decodeEvent(call, kind, line);
    }
    if (lines.hasUnfinishedLine)
      throw new TransportError(call, "garbled", "the last line is torn", { sent: true });
  } catch (cause) {
    if (cause instanceof ApiError || cause instanceof TransportError) throw cause;
    throw new TransportError(call, "disconnected", messageOf(cause), { sent: true, cause });
  } finally {
    clearTimeout(idle);
    body.destroy();
  }
}

function decodeEvent<T extends KubeObject>(call: Call, kind: Kind<T>, line: string): WatchEvent<T> {
  const event = parseEvent<T>(call, line);
  switch (event.type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      return { type: event.type, object: complete(kind, event.object) };
    case "BOOKMARK":
      return event;
    case "ERROR":
      throw new ApiError(call, event.object.code ?? 500, event.object);
    default:
      throw new TransportError(call, "garbled", `unknown event in "${line.slice(0, 100)}"`, { sent: true });
  }
}

function parseEvent<T extends KubeObject>(call: Call, line: string): WireEvent<T> {
  try {
    const event = JSON.parse(line) as WireEvent<T> | null;
    if (typeof event?.object === "object") return event;
  } catch {
    // Reported below, with the text.
  }
  throw new TransportError(call, "garbled", `not a watch event: "${line.slice(0, 100)}"`, { sent: true });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
