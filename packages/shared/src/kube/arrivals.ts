import { isOrdered } from "./resource-version.ts";

/** How long to wait for the watch. */
export interface WaitOptions {
  timeoutMs: number;
  signal?: AbortSignal;
}

interface Waiter {
  readonly resourceVersion: string;
  readonly arrived: () => void;
}

/** Callers that wait until a watch has reached a resourceVersion. */
export class Arrivals {
  readonly #waiters = new Set<Waiter>();

  /**
   * Resolves to true on arrival, to false on time-out, or at once when the resourceVersion has no order.
   * Rejects with the signal's reason when it is aborted.
   */
  wait(resourceVersion: string, { timeoutMs, signal }: WaitOptions): Promise<boolean> {
    if (!isOrdered(resourceVersion)) return Promise.resolve(false);
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        this.#waiters.delete(waiter);
        settle();
      };
      const onAbort = (): void => end(() => reject(signal?.reason as Error));
      const waiter: Waiter = { resourceVersion, arrived: () => end(() => resolve(true)) };
      const timer = setTimeout(() => end(() => resolve(false)), timeoutMs);
      this.#waiters.add(waiter);
      if (signal?.aborted) onAbort();
      else signal?.addEventListener("abort", onAbort);
    });
  }

  /** Lets everyone go whose resourceVersion has been reached. */
  announce(hasReached: (resourceVersion: string) => boolean): void {
    for (const waiter of this.#waiters) {
      if (hasReached(waiter.resourceVersion)) waiter.arrived();
    }
  }
}
