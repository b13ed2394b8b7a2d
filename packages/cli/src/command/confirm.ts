import { usageError } from "./command-error.ts";
import type { CommandContext } from "./context.ts";

/**
 * Asks whether to go on; answers no unless somebody says yes.
 *
 * @throws CommandError (usage) when nobody is there to answer.
 */
export async function confirm({ terminal, signal }: CommandContext, question: string): Promise<boolean> {
  if (!terminal.isInteractive) throw usageError("nobody is there to confirm", "add --yes when you are sure");
  const prompts = await import("@inquirer/prompts");
  try {
    return await prompts.confirm({ message: question, default: false }, { output: process.stderr, signal });
  } catch (error) {
    signal.throwIfAborted();
    // Ctrl-C at the question.
    if (error instanceof Error && error.name === "ExitPromptError") return false;
    throw error;
  }
}
