import { Secret } from "../config/secret.ts";
import { createLogger, type Logger, type LogFormat, type LogLevel } from "../log/logger.ts";
import { createMetrics, type Metrics } from "../metrics/registry.ts";
import { Shutdown } from "./shutdown.ts";

/** The settings that every process has; see `commonSettings`. */
export interface ProcessSettings {
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly opsPort: number;
}

/** What a process is, and how it is set. */
export interface ProcessOptions {
  /** In every line of its log, and in its metrics. */
  name: string;
  version: string;
  /** Those that are secret never show in the log. */
  settings: ProcessSettings;
  /** Sentences to begin the log with. */
  warnings: readonly string[];
}

/** What every process has: a log, figures, and an orderly end. */
export interface OpenProcess {
  log: Logger;
  metrics: Metrics;
  /** Begins at a signal, too. */
  shutdown: Shutdown;
}

/** Every process listens on all addresses: its Pod has none but its own. */
export const listenHost = "0.0.0.0";

/** Begins a process. */
export function openProcess({ name, version, settings, warnings }: ProcessOptions): OpenProcess {
  const log = createLogger({ name, level: settings.logLevel, format: settings.logFormat });
  for (const setting of Object.values(settings) as unknown[])
    if (setting instanceof Secret) log.redact(() => setting.reveal());
  for (const warning of warnings) log.warn(warning);
  const metrics = createMetrics({ controller: name, version });
  const shutdown = new Shutdown({ log, exit: (code) => process.exit(code) });
  shutdown.listen(process);
  return { log, metrics, shutdown };
}
