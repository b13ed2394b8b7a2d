import { answer } from "./answer.ts";
import { usageError } from "./command-error.ts";
import type { CommandContext } from "./context.ts";

/**
 * Asks whether to go on; answers no unless somebody says yes.
 *
 * @throws CommandError (usage) when nobody is there to answer; Interrupted at Ctrl-C.
 */
export async function confirm(context: CommandContext, question: string): Promise<boolean> {
  if (!context.terminal.isInteractive)
    throw usageError("nobody is there to confirm", "add --yes when you are sure");
  const prompts = await import("@inquirer/prompts");
  return answer(context, (asking) => prompts.confirm({ message: question, default: false }, asking));
}
