/** How much of a log is kept, in characters. */
export interface LogBounds {
  head: number;
  tail: number;
}

/** A line is cut beyond this: programs write progress bars and whole files without a line feed. */
const longestLine = 16 * 1024;

/**
 * Holds the beginning and the end of a log of any length, line by line: why a build failed stands at the end, and what
 * it was made of at the beginning.
 */
export class BoundedLog {
  readonly #bounds: LogBounds;
  readonly #head: string[] = [];
  readonly #tail: string[] = [];
  #headLength = 0;
  #tailLength = 0;
  #isHeadFull = false;
  #linesLeftOut = 0;

  constructor(bounds: LogBounds) {
    this.#bounds = bounds;
  }

  /** Adds a line, without its line feed. */
  add(line: string): void {
    const kept = line.length > longestLine ? `${line.slice(0, longestLine)} [cut]` : line;
    const length = kept.length + 1;
    this.#isHeadFull ||= this.#headLength + length > this.#bounds.head;
    if (!this.#isHeadFull) {
      this.#head.push(kept);
      this.#headLength += length;
      return;
    }
    this.#tail.push(kept);
    this.#tailLength += length;
    this.#trim();
  }

  /** The log, with a line that says how much of it is missing, where something is. */
  text(): string {
    const gap = this.#linesLeftOut > 0 ? [`[${this.#linesLeftOut} lines are left out here]`] : [];
    return [...this.#head, ...gap, ...this.#tail].map((line) => `${line}\n`).join("");
  }

  #trim(): void {
    let dropped = 0;
    while (this.#tailLength > this.#bounds.tail && dropped < this.#tail.length) {
      this.#tailLength -= (this.#tail[dropped]?.length ?? 0) + 1;
      dropped++;
    }
    this.#tail.splice(0, dropped);
    this.#linesLeftOut += dropped;
  }
}
