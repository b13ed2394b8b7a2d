import { execa, ExecaError } from "execa";
import { UserError } from "../errors.ts";

/** How a command is run. */
export interface RunOptions {
  cwd?: string;
  /** Added to the environment of this process. */
  env?: Record<string, string>;
  /** Ends the command, by SIGTERM and after 5 s by SIGKILL. */
  signal?: AbortSignal;
  /** Gets each line of output as it is written. */
  onLine?: (line: string) => void;
}

/** How much of a failed command's output its error shows. */
const shownLines = 20;

/**
 * Runs a command to its end and returns its standard output. It also ends when this process does.
 *
 * Rejects with a `UserError` when the program is not installed, with the signal's reason when aborted, and with
 * an `Error` that shows the last lines of output when the command fails.
 */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { cwd, env, signal, onLine } = options;
  signal?.throwIfAborted();
  const child = execa(command, args, { cwd, env, cancelSignal: signal, stdin: "ignore", all: true });
  if (onLine !== undefined) {
    void forwardLines(child, onLine);
  }
  try {
    return (await child).stdout;
  } catch (error) {
    signal?.throwIfAborted();
    throw explain(error, [command, ...args].join(" "));
  }
}

async function forwardLines(
  lines: { iterable(o: { from: "all" }): AsyncIterable<string> },
  onLine: (line: string) => void,
) {
  try {
    for await (const line of lines.iterable({ from: "all" })) {
      onLine(line);
    }
  } catch {
    // The command failed; `run` reports that itself.
  }
}

function explain(error: unknown, commandLine: string): unknown {
  if (!(error instanceof ExecaError)) {
    return error;
  }
  if (error.code === "ENOENT") {
    return new UserError(`\`${commandLine.split(" ", 1).join("")}\` is needed and not installed.`);
  }
  const { all: text } = error as { all?: unknown };
  const output = typeof text === "string" ? text.split("\n").slice(-shownLines).join("\n") : "";
  return new Error(`\`${commandLine}\` failed (${error.shortMessage})\n${output}`, { cause: error });
}
