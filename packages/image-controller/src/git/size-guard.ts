import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

const everyMs = 250;

/** Watches how much lies below a folder while something writes there. */
export class SizeGuard {
  readonly #folder: string;
  readonly #mostBytes: number;
  readonly #exceeded = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #isLooking = false;

  constructor(folder: string, mostBytes: number) {
    this.#folder = folder;
    this.#mostBytes = mostBytes;
    this.#timer = setInterval(() => void this.#look(), everyMs);
  }

  /** Aborted once there is too much. */
  get signal(): AbortSignal {
    return this.#exceeded.signal;
  }

  /** Looks no more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const bytes = await bytesBelow(this.#folder);
    this.#isLooking = false;
    if (bytes > this.#mostBytes) this.#exceeded.abort(new Error(`more than ${this.#mostBytes} bytes`));
  }
}

/** Files come and go meanwhile. */
async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) =>
      stat(join(parentPath, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
