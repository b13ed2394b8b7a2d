import { settled, type Outcome } from "./outcome.ts";

/** One phase of a reconcile. It is told the same input on every run and decides from what it observes. */
export type Step<Input> = (input: Input) => Promise<Outcome> | Outcome;

/** More phases than this belong into several controllers. */
const MAX_STEPS = 6;

/**
 * Joins phases into one: they run in order, and the first unsettled outcome ends the run and is the result.
 * When all are settled, the earliest recheck any of them asked for is kept.
 *
 * @throws RangeError at declaration when there are more than six.
 */
export function steps<Input>(...phases: Step<Input>[]): (input: Input) => Promise<Outcome> {
  if (phases.length > MAX_STEPS) {
    throw new RangeError(`A reconcile has at most ${MAX_STEPS} steps, not ${phases.length}.`);
  }
  return async (input) => {
    let recheckAfterMs: number | undefined;
    for (const phase of phases) {
      const outcome = await phase(input);
      if (outcome.kind !== "settled") return outcome;
      recheckAfterMs = earlier(recheckAfterMs, outcome.recheckAfterMs);
    }
    return recheckAfterMs === undefined ? settled() : settled({ recheckAfterMs });
  };
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}
