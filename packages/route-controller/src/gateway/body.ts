import type { IncomingMessage } from "node:http";
import { type Readable, Transform, type TransformCallback } from "node:stream";

/** A body was longer than what is allowed. */
export class BodyTooLarge extends Error {
  override readonly name = "BodyTooLarge";
}

/** Passes a body on until it is longer than allowed. */
class LimitedBody extends Transform {
  #leftBytes: number;

  constructor(maxBytes: number) {
    super();
    this.#leftBytes = maxBytes;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#leftBytes -= chunk.length;
    if (this.#leftBytes < 0) done(new BodyTooLarge("the body is too large"));
    else done(null, chunk);
  }
}

/**
 * The body of a request, to be sent on; null when there is none. It is a stream of its own: when the runtime answers
 * before it has read all of it, what is left is read and dropped, so that the client gets the answer.
 * @throws BodyTooLarge when it is announced to be longer than `maxBytes`; the stream ends with it when it turns out so.
 */
export function bodyOf(request: IncomingMessage, maxBytes: number): Readable | null {
  const { "content-length": length, "transfer-encoding": encoding } = request.headers;
  if (encoding === undefined && (length === undefined || length === "0")) return null;
  if (Number(length) > maxBytes) throw new BodyTooLarge("the body is too large");
  const body = new LimitedBody(maxBytes);
  request.pipe(body);
  body.once("close", () => {
    request.unpipe(body);
    request.resume();
  });
  return body;
}
