import type { CommandContext } from "./context.ts";
import { Interrupted } from "./interruption.ts";

/** Where a question is asked, and how it ends. */
export interface Asking {
  output: NodeJS.WritableStream;
  signal: AbortSignal;
}

/**
 * The answer to a question.
 *
 * @throws Interrupted at Ctrl-C: a terminal in raw mode makes no signal of it.
 */
export async function answer<T>(
  { signal }: Pick<CommandContext, "signal">,
  ask: (asking: Asking) => Promise<T>,
): Promise<T> {
  try {
    return await ask({ output: process.stderr, signal });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Error && error.name === "ExitPromptError") throw new Interrupted("SIGINT");
    throw error;
  }
}
