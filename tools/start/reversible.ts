/** Says how to take back what was just done. */
export type Later = (takeBack: () => Promise<void> | void) => void;

/**
 * Does work that leaves something behind, and gives back how to take it back: the latest first. Work that fails takes
 * back by itself what it had done by then.
 */
export async function reversible<T extends object>(
  work: (later: Later) => Promise<T>,
): Promise<T & { undo: () => Promise<void> }> {
  const steps: Parameters<Later>[0][] = [];
  const undo = async (): Promise<void> => {
    for (let step = steps.pop(); step; step = steps.pop()) await step();
  };
  try {
    return { ...(await work((step) => steps.push(step))), undo };
  } catch (error) {
    await undo();
    throw error;
  }
}
