/** How a command ends, for scripts. Interrupted commands end with 128 and the number of the signal: 130 for Ctrl-C. */
export const exitCode = {
  done: 0,
  /** The cluster, the cloud or a tool did not do what was asked, or something that was looked at is not well. */
  failed: 1,
  /** What was given is wrong: an argument, a setting, a file. */
  usage: 2,
  /** Nothing would change; only where that was asked for. */
  unchanged: 3,
  timedOut: 124,
} as const;

/** One of them. */
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];
