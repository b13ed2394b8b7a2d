import { type Command, CommanderError } from "commander";
import { CommandError, messageOf } from "./command-error.ts";
import type { CommandContext } from "./context.ts";
import { exitCode } from "./exit-code.ts";
import { Interrupted } from "./interruption.ts";

/** Runs a program to its end; resolves with the exit code. Says on standard error why it failed, and what to do. */
export async function runProgram(
  program: Command,
  args: readonly string[],
  context: CommandContext,
): Promise<number> {
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode.done;
  } catch (error) {
    return ended(error, context);
  }
}

function ended(error: unknown, context: CommandContext): number {
  const reason: unknown = context.signal.aborted ? context.signal.reason : error;
  if (reason instanceof Interrupted) return reason.exitCode;
  // Commander has said it already; its own codes are 0 for help and 1 for everything else.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.usage;
  if (error instanceof CommandError) return failed(error, context);
  const stack = error instanceof Error ? error.stack : undefined;
  context.terminal.tell(`${context.terminal.paint("red", "Unexpected error:")} ${stack ?? messageOf(error)}`);
  return exitCode.failed;
}

/** A command that ends without a message has said already what it found. */
function failed({ message, next, exitCode: code }: CommandError, { terminal }: CommandContext): number {
  if (message !== "") terminal.tell(`${terminal.paint("red", "Error:")} ${message}`);
  for (const step of next) terminal.tell(`${terminal.paint("cyan", "Next:")} ${step}`);
  return code;
}
