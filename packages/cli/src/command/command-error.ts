import { exitCode, type ExitCode } from "./exit-code.ts";

/** What a {@link CommandError} has beside its message. */
export interface CommandErrorOptions {
  /** Default: `failed`. */
  exitCode?: ExitCode;
  /** What the reader can do, as commands or sentences. */
  next?: readonly string[];
  cause?: unknown;
}

/** Why a command did not do what it was asked; its message and next steps alone are shown, without a stack. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: ExitCode;
  readonly next: readonly string[];

  constructor(message: string, options: CommandErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.exitCode = options.exitCode ?? exitCode.failed;
    this.next = options.next ?? [];
  }
}

/** What was given is wrong: an argument, a setting, a file. */
export function usageError(message: string, ...next: string[]): CommandError {
  return new CommandError(message, { exitCode: exitCode.usage, next });
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
