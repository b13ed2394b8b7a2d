import winston from "winston";
import { jsonLine, prettyLine, type LogEntry } from "./line.ts";
import { loggable } from "./log-value.ts";
import { Redactor, type SecretSource } from "./redaction.ts";

/** Levels from the gravest to the most talkative; a logger writes its own level and the graver ones. */
export const LOG_LEVELS = ["error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** `json` for machines, `pretty` for people, `auto` chooses by whether the destination is a terminal. */
export const LOG_FORMATS = ["auto", "json", "pretty"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** What a line says beside its message. Put an exception under `error`: its cause chain is shown. */
export type LogFields = Record<string, unknown>;

/** Where a logger writes: standard error, or any stream a test reads. */
export type LogDestination = NodeJS.WritableStream & { isTTY?: boolean };

/** Writes lines. Its children write to the same place, with the same level and the same secrets. */
export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /** Whether `debug` lines are written; ask before gathering costly fields in a hot path. */
  isDebugEnabled(): boolean;
  /** A logger whose lines all carry these fields. */
  child(fields: LogFields): Logger;
  /** Hides a value in every later line of this logger, its parents and children. */
  redact(secret: SecretSource): void;
  /** Resolves when all lines so far have reached the destination; call it before the process exits. */
  flush(): Promise<void>;
}

/** How a logger is made. */
export interface LoggerOptions {
  /** Shown in each line: the controller's name. */
  name: string;
  /** `info` by default. */
  level?: LogLevel;
  /** `auto` by default. */
  format?: LogFormat;
  /** Standard error by default, so that standard output stays free for data. */
  destination?: LogDestination;
}

/** Makes the logger of a process. Settings and secrets belong to it, not to the module. */
export function createLogger(options: LoggerOptions): Logger {
  const destination: LogDestination = options.destination ?? process.stderr;
  const level = options.level ?? "info";
  const write = winston.createLogger({
    level,
    levels: Object.fromEntries(LOG_LEVELS.map((name, index) => [name, index])),
    format: lineFormat(options.format ?? "auto", destination),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston's types declare two
    transports: [new winston.transports.Stream({ stream: destination })],
  });
  return new WinstonLogger({ write, level, name: options.name, redactor: new Redactor(), destination }, {});
}

/** A logger that writes nothing, for tests and optional parameters. */
export const silentLogger: Logger = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  isDebugEnabled: () => false,
  child: () => silentLogger,
  redact: () => undefined,
  flush: () => Promise.resolve(),
};

/** winston writes `info[MESSAGE]`; the symbol is its documented contract with transports. */
const MESSAGE = Symbol.for("message");

function lineFormat(format: LogFormat, destination: LogDestination): winston.Logform.Format {
  const pretty = format === "pretty" || (format === "auto" && destination.isTTY === true);
  const line = pretty ? prettyLine : jsonLine;
  return winston.format((info) => ({ ...info, [MESSAGE]: line(info["entry"] as LogEntry) }))();
}

interface LogSink {
  write: winston.Logger;
  level: LogLevel;
  name: string;
  redactor: Redactor;
  destination: LogDestination;
}

/**
 * Hands winston complete entries. Fields are not given to winston's own `meta`: it joins `meta.message` and
 * `error.message` to the message and loses cause chains.
 */
class WinstonLogger implements Logger {
  readonly #sink: LogSink;
  readonly #fields: LogFields;

  constructor(sink: LogSink, fields: LogFields) {
    this.#sink = sink;
    this.#fields = fields;
  }

  error(message: string, fields?: LogFields): void {
    this.#log("error", message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#log("warn", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#log("info", message, fields);
  }

  debug(message: string, fields?: LogFields): void {
    this.#log("debug", message, fields);
  }

  isDebugEnabled(): boolean {
    return this.#isEnabled("debug");
  }

  child(fields: LogFields): Logger {
    return new WinstonLogger(this.#sink, { ...this.#fields, ...fields });
  }

  redact(secret: SecretSource): void {
    this.#sink.redactor.add(secret);
  }

  async flush(): Promise<void> {
    // winston's streams start to flow on the next turn of the loop; after it all lines are in the destination.
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise<void>((resolve) => this.#sink.destination.write("", () => resolve()));
  }

  #isEnabled(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(this.#sink.level);
  }

  #log(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (!this.#isEnabled(level)) return;
    const { redactor, name, write } = this.#sink;
    const entry: LogEntry = {
      time: new Date().toISOString(),
      level,
      logger: name,
      message: redactor.mask(message),
      fields: loggable({ ...this.#fields, ...fields }, redactor) as Record<string, unknown>,
    };
    write.log({ level, message: entry.message, entry });
  }
}
