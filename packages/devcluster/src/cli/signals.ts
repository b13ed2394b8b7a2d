import { constants } from "node:os";

/** Ends a command with the exit code that its signal stands for. */
export class Interrupted extends Error {
  override name = "Interrupted";
  readonly signal: NodeJS.Signals;
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`);
    this.signal = signal;
    this.exitCode = 128 + constants.signals[signal];
  }
}

/**
 * A signal that is aborted when this process is asked to end, with `Interrupted` as its reason. From then on no further
 * one ends the process, so that what it removes is removed: under npm each Ctrl-C comes twice.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => controller.abort(new Interrupted(name)));
  }
  process.once("SIGHUP", outliveTerminal);
  return controller.signal;
}

/** With the terminal gone every write to it fails, and nobody reads it. */
function outliveTerminal(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
}
