const opcodeMask = 0x0f;
const lastDataOpcode = 0x2;
const maskBit = 0x80;
const lengthMask = 0x7f;

/**
 * Follows the frames of one direction of a WebSocket (RFC 6455, 5.2) without changing them: what carries a message,
 * and where one frame ends. Payloads are skipped, never read; extensions change payloads only.
 */
export class FrameReader {
  /** The longest header: 2 bytes, 8 of length, 4 of mask. */
  readonly #header = Buffer.alloc(14);
  #headerBytes = 0;
  #payloadLeft = 0;
  #carriesMessage = false;

  /** Whether everything so far were whole frames: another one could be put here. */
  get isBetweenFrames(): boolean {
    return this.#headerBytes === 0 && this.#payloadLeft === 0;
  }

  /** How much of the payload of the frame under way is still to come, in bytes. */
  get payloadLeft(): number {
    return this.#payloadLeft;
  }

  /** Reads on; whether some of these bytes belong to a message: a text or binary frame, not a ping, pong or close. */
  read(chunk: Buffer): boolean {
    let sawMessage = false;
    let at = 0;
    while (at < chunk.length) {
      if (this.#payloadLeft === 0) at = this.#readHeader(chunk, at);
      const skipped = Math.min(this.#payloadLeft, chunk.length - at);
      this.#payloadLeft -= skipped;
      at += skipped;
      sawMessage ||= this.#carriesMessage;
    }
    return sawMessage;
  }

  /** Takes a header byte by byte; it may be cut anywhere. Returns where the payload begins. */
  #readHeader(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length) {
      this.#header[this.#headerBytes++] = chunk[at++] ?? 0;
      if (this.#headerBytes < 2 || this.#headerBytes < this.#headerLength()) continue;
      this.#carriesMessage = ((this.#header[0] ?? 0) & opcodeMask) <= lastDataOpcode;
      this.#payloadLeft = this.#payloadLength();
      this.#headerBytes = 0;
      return at;
    }
    this.#carriesMessage = false;
    return at;
  }

  #headerLength(): number {
    const second = this.#header[1] ?? 0;
    const length = second & lengthMask;
    const extended = length === 127 ? 8 : length === 126 ? 2 : 0;
    return 2 + extended + ((second & maskBit) === 0 ? 0 : 4);
  }

  #payloadLength(): number {
    const length = (this.#header[1] ?? 0) & lengthMask;
    if (length === 126) return this.#header.readUInt16BE(2);
    return length === 127 ? Number(this.#header.readBigUInt64BE(2)) : length;
  }
}

/** An unmasked close frame with a status and no reason: what a server sends. */
export function closeFrame(status: number): Buffer {
  const frame = Buffer.from([0x88, 0x02, 0, 0]);
  frame.writeUInt16BE(status, 2);
  return frame;
}
