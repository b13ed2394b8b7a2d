/** A door that requests and watch streams wait at until it is opened; it can be closed again. */
export class Gate {
  #waiting: PromiseWithResolvers<void> | undefined;

  get isOpen(): boolean {
    return this.#waiting === undefined;
  }

  /** Resolves when the gate is next opened; at once if it is open. */
  async opened(): Promise<void> {
    await this.#waiting?.promise;
  }

  close(): void {
    this.#waiting ??= Promise.withResolvers();
  }

  open(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }
}

/** Waits for the gate; rejects with the signal's reason when that aborts first. */
export async function passThrough(gate: Gate, signal: AbortSignal): Promise<void> {
  while (!gate.isOpen) {
    signal.throwIfAborted();
    const stop = Promise.withResolvers<never>();
    const onAbort = () => stop.reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await Promise.race([gate.opened(), stop.promise]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }
}
