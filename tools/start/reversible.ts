/** Says how to take back what was just done. */
export type Later = (takeBack: () => Promise<void> | void) => void;

/**
 * Does work that leaves something behind, and gives back how to take it back: the latest first, each step even when
 * others fail. Work that fails takes back by itself what it had done by then.
 * @throws AggregateError what could not be taken back, after the rest was; with the failure of the work, if that failed.
 */
export async function reversible<T extends object>(
  work: (later: Later) => Promise<T>,
): Promise<T & { undo: () => Promise<void> }> {
  const steps: Parameters<Later>[0][] = [];
  const undo = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (let step = steps.pop(); step; step = steps.pop()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, "not everything could be removed:");
  };
  try {
    return { ...(await work((step) => steps.push(step))), undo };
  } catch (error) {
    await undo().catch((left: unknown) => {
      throw new AggregateError([error, left], "it failed, and left something behind:");
    });
    throw error;
  }
}
