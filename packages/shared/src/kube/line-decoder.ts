const NEWLINE = 10;

/**
 * Cuts a stream of bytes into lines. Bytes are joined once per line, so a line that arrives in many chunks
 * costs no more than one that arrives in one.
 */
export class LineDecoder {
  #unfinished: Buffer[] = [];

  /** The lines that this chunk completes, in order, without their line feeds; empty lines are left out. */
  *push(chunk: Buffer): Generator<string> {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = this.#complete(chunk.subarray(start, end));
      start = end + 1;
      if (line !== "") yield line;
    }
    if (start < chunk.length) this.#unfinished.push(chunk.subarray(start));
  }

  /** True when bytes have arrived that no line feed ended. */
  get hasUnfinishedLine(): boolean {
    return this.#unfinished.length > 0;
  }

  #complete(rest: Buffer): string {
    if (this.#unfinished.length === 0) return rest.toString("utf8");
    const line = Buffer.concat([...this.#unfinished, rest]).toString("utf8");
    this.#unfinished = [];
    return line;
  }
}
