import { isSecretKey, MASK, type Redactor } from "./redaction.ts";

/** Longest string of a line in characters; what follows is cut and counted. */
const MAX_STRING = 8 * 1024;
/** Deepest nesting and longest list that a line shows. */
const MAX_DEPTH = 6;
const MAX_ITEMS = 100;

/**
 * Turns a field into plain JSON data: secrets masked, errors with their cause chain, cycles and depth cut.
 * Never throws, whatever it is given: a log line must not be what breaks a reconcile.
 */
export function loggable(value: unknown, redactor: Redactor): unknown {
  return new Walk(redactor).value(value, 0);
}

class Walk {
  readonly #redactor: Redactor;
  readonly #open = new Set<object>();

  constructor(redactor: Redactor) {
    this.#redactor = redactor;
  }

  value(value: unknown, depth: number): unknown {
    if (typeof value === "string") return this.#text(value);
    if (typeof value === "bigint" || typeof value === "symbol") return String(value);
    if (typeof value === "function") return undefined;
    if (typeof value === "object" && value !== null) return this.#object(value, depth);
    return value;
  }

  #text(text: string): string {
    const masked = this.#redactor.mask(text);
    if (masked.length <= MAX_STRING) return masked;
    return `${masked.slice(0, MAX_STRING)}… (${masked.length - MAX_STRING} more characters)`;
  }

  #object(value: object, depth: number): unknown {
    if (this.#open.has(value)) return "[circular]";
    if (depth > MAX_DEPTH) return "[too deep]";
    this.#open.add(value);
    try {
      return this.#contents(value, depth);
    } catch (error) {
      return `[unreadable: ${error instanceof Error ? error.name : typeof error}]`;
    } finally {
      this.#open.delete(value);
    }
  }

  #contents(value: object, depth: number): unknown {
    if (value instanceof Error) return this.#error(value, depth);
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (value instanceof Map) return this.#record(Object.fromEntries(value as Map<string, unknown>), depth);
    if (value instanceof Set || Array.isArray(value)) return this.#list([...(value as unknown[])], depth);
    return hasToJson(value) ? this.value(value.toJSON(), depth + 1) : this.#record(value, depth);
  }

  #list(items: readonly unknown[], depth: number): unknown[] {
    const shown = items.slice(0, MAX_ITEMS).map((item) => this.value(item, depth + 1));
    return items.length > MAX_ITEMS ? [...shown, `… (${items.length - MAX_ITEMS} more)`] : shown;
  }

  #record(record: object, depth: number): Record<string, unknown> {
    const entries = Object.entries(record).map(([key, value]: [string, unknown]) => [
      this.#text(key),
      isSecretKey(key) && isTelling(value) ? MASK : this.value(value, depth + 1),
    ]);
    return Object.fromEntries(entries) as Record<string, unknown>;
  }

  /** Type, message and stack of an error, what was attached to it, and the errors that caused it. */
  #error(error: Error, depth: number): Record<string, unknown> {
    return {
      type: error.name,
      message: this.#text(error.message),
      stack: error.stack === undefined ? undefined : this.#text(error.stack),
      ...this.#record(omitting(error, ["name", "message", "stack", "cause", "errors"]), depth),
      ...(error.cause === undefined ? {} : { cause: this.value(error.cause, depth + 1) }),
      ...(error instanceof AggregateError ? { errors: this.#list(error.errors, depth) } : {}),
    };
  }
}

/** Dates, URLs and whatever else knows its own JSON form. */
function hasToJson(value: object): value is { toJSON(): unknown } {
  return "toJSON" in value && typeof value.toJSON === "function";
}

/** Flags and absent values say nothing secret, and `token: null` is worth seeing. */
function isTelling(value: unknown): boolean {
  return value !== null && value !== undefined && typeof value !== "boolean";
}

function omitting(source: object, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(source).filter(([name]) => !names.includes(name)));
}
