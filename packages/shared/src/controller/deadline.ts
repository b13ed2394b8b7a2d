import type { Clock } from "../clock/clock.ts";

/** The time one piece of work has. */
export interface WorkDeadline {
  /** Aborts when time is up, or when the work is called off. */
  readonly signal: AbortSignal;
  /** Whether time was up, rather than the work called off. */
  isOver(): boolean;
}

/**
 * Runs work with a deadline. The work decides when it ends: it is told by the signal, never abandoned, as a
 * second worker on the same key must not start while the first still runs.
 *
 * @throws what the work throws.
 */
export async function withDeadline<Result>(
  { clock, timeoutMs, abort }: { clock: Clock; timeoutMs: number; abort: AbortSignal },
  work: (deadline: WorkDeadline) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const timer = new AbortController();
  let isOver = false;
  const callOff = (): void => controller.abort(abort.reason);
  if (abort.aborted) callOff();
  abort.addEventListener("abort", callOff, { once: true });
  clock.sleep(timeoutMs, timer.signal).then(
    () => {
      isOver = true;
      controller.abort(new Error(`not done within ${timeoutMs} ms`));
    },
    () => undefined, // done in time
  );
  try {
    return await work({ signal: controller.signal, isOver: () => isOver });
  } finally {
    // With a reason: without one the platform makes an error with a stack, for each piece of work.
    timer.abort("done");
    abort.removeEventListener("abort", callOff);
  }
}
