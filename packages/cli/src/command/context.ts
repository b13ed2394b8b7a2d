import type { Terminal } from "../terminal/terminal.ts";

/** What every command works with. */
export interface CommandContext {
  /** The variables of the process. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
  /** Aborted when the reader wants the command to end. */
  readonly signal: AbortSignal;
  /** How the reader called the program: `plane`, or `kubectl datalayer`. */
  readonly programName: string;
}

/** A variable of the environment; an empty one counts as not set. */
export function variable({ environment }: CommandContext, name: string): string | undefined {
  return environment[name] || undefined;
}
