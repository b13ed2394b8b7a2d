import { constants } from "node:os";
import { styleText } from "node:util";

/** A look of text: a colour, bold or dim. */
export type Look = Parameters<typeof styleText>[0];

/** Gives a text a look, where its stream shows looks and NO_COLOR does not forbid it. */
export type Paint = (look: Look, text: string) => string;

/** Where a command reads and writes. Data goes to `out`; all that is said about the work goes to `tell`. */
export interface Terminal {
  /** Writes lines to standard output. */
  out(text: string): void;
  /** Writes lines to standard error. */
  tell(text: string): void;
  /** For what goes to `out`. */
  readonly paintOut: Paint;
  /** For what goes to `tell`. */
  readonly paint: Paint;
  /** Whether lines of standard error can be drawn anew. */
  readonly isLive: boolean;
  /** Whether somebody is there to answer questions. */
  readonly isInteractive: boolean;
}

/** The terminal of this process. */
export function processTerminal(
  environment: Readonly<Record<string, string | undefined>>,
  { stdin, stdout, stderr }: Pick<NodeJS.Process, "stdin" | "stdout" | "stderr"> = process,
): Terminal {
  const isDumb = environment["TERM"] === "dumb";
  stdout.on("error", endQuietly);
  return {
    out: (text) => stdout.write(`${text}\n`),
    tell: (text) => stderr.write(`${text}\n`),
    paintOut: painter(stdout),
    paint: painter(stderr),
    isLive: stderr.isTTY && !isDumb,
    isInteractive: stdin.isTTY && stderr.isTTY,
  };
}

/** Whoever read the output, such as `head`, has enough of it: the end that the signal would be. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  process.exit(128 + constants.signals.SIGPIPE);
}

function painter(stream: NodeJS.WriteStream): Paint {
  return (look, text) => styleText(look, text, { stream });
}
