import type { Readable } from "node:stream";
import { ApiError, type Call, type Status, TransportError } from "./api-error.ts";
import { complete } from "./decode.ts";
import { LineDecoder } from "./line-decoder.ts";
import type { Kind, KubeObject } from "./object.ts";

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
  body: Readable,
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
  const event = parseEvent<T>(line);
  switch (event?.type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      return { type: event.type, object: complete(kind, event.object) };
    case "BOOKMARK":
      return event;
    case "ERROR":
      throw new ApiError(call, event.object.code ?? 500, event.object);
    case undefined:
    default:
      // The text itself stays out of the message: it may be part of a Secret.
      throw new TransportError(call, "garbled", `a line of ${line.length} characters is no event`, {
        sent: true,
      });
  }
}

function parseEvent<T extends KubeObject>(line: string): WireEvent<T> | undefined {
  try {
    const event = JSON.parse(line) as { type?: string; object?: { metadata?: unknown } | null } | null;
    const whole = event?.type === "ERROR" ? event.object : event?.object?.metadata;
    return typeof whole === "object" && whole !== null ? (event as WireEvent<T>) : undefined;
  } catch {
    return undefined;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
