import { Listr, ListrLogger, ProcessOutput } from "listr2";

/** Shows the reader what is being done and how long it takes. */
export interface Progress {
  /** Shows one piece of work from its start to its end; gives back what it resolves or rejects with. */
  task<T>(title: string, work: (note: (text: string) => void) => Promise<T>): Promise<T>;
  /** Tells one thing, as one line. */
  tell(text: string): void;
}

/** Shows nothing: for tests and libraries. */
export const silentProgress: Progress = {
  task: (_title, work) => work(() => undefined),
  tell: () => undefined,
};

/** Progress on standard error: live on a terminal, plain lines elsewhere. */
export function stderrProgress(stderr: NodeJS.WriteStream = process.stderr): Progress {
  const lines = lineProgress((line) => stderr.write(`${line}\n`));
  return stderr.isTTY ? terminalProgress(stderr, lines) : lines;
}

/** How often a long piece of work says that it is still going on. */
const heartbeatMs = 30_000;

/** A line when a piece of work starts, one each 30 s while it goes on, and one at its end. */
export function lineProgress(write: (line: string) => void): Progress {
  return {
    tell: write,
    async task(title, work) {
      const elapsed = stopwatch();
      let latest = "";
      const heartbeat = setInterval(
        () => write(`${title}: still at work, ${elapsed()}${latest}`),
        heartbeatMs,
      );
      write(`${title}: started`);
      try {
        const result = await work((text) => (latest = ` (${text})`));
        write(`${title}: done in ${elapsed()}`);
        return result;
      } catch (error) {
        write(`${title}: failed after ${elapsed()}`);
        throw error;
      } finally {
        clearInterval(heartbeat);
      }
    },
  };
}

/** One live line per piece of work. Two at once cannot share a terminal: the later ones go to `fallback`. */
function terminalProgress(stderr: NodeJS.WriteStream, fallback: Progress): Progress {
  let busy = false;
  return {
    tell: (text) => fallback.tell(text),
    async task(title, work) {
      if (busy) {
        return fallback.task(title, work);
      }
      busy = true;
      try {
        return await showLive(stderr, title, work);
      } finally {
        busy = false;
      }
    },
  };
}

async function showLive<T>(
  stderr: NodeJS.WriteStream,
  title: string,
  work: (note: (text: string) => void) => Promise<T>,
): Promise<T> {
  const outcome: { result?: T } = {};
  const logger = new ListrLogger({ processOutput: new ProcessOutput(stderr, stderr) });
  const list = new Listr(
    [
      {
        title,
        task: async (_context, task) => {
          const elapsed = stopwatch();
          const showTime = () => (task.title = `${title} (${elapsed()})`);
          const timer = setInterval(showTime, 1000);
          try {
            outcome.result = await work((text) => (task.output = text));
          } finally {
            clearInterval(timer);
            showTime();
          }
        },
      },
    ],
    { renderer: "default", rendererOptions: { logger }, registerSignalListeners: false },
  );
  await list.run();
  return outcome.result as T;
}

/** Starts counting; each call of the result gives the time since, as "7.5 s" or "2 min 05 s". */
function stopwatch(): () => string {
  const startMs = performance.now();
  return () => formatDuration(performance.now() - startMs);
}

/** A duration as a reader wants it: "0.8 s", "42 s", "2 min 05 s". */
export function formatDuration(durationMs: number): string {
  const seconds = durationMs / 1000;
  if (seconds < 10) {
    return `${seconds.toFixed(1)} s`;
  }
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  return minutes === 0 ? `${whole} s` : `${minutes} min ${String(whole % 60).padStart(2, "0")} s`;
}
