import { styleText } from "node:util";
import type { LogLevel } from "./logger.ts";

/** One log line before it is written; `fields` is plain, masked JSON data. */
export interface LogEntry {
  time: string;
  level: LogLevel;
  logger: string;
  message: string;
  fields: Record<string, unknown>;
}

const COLOURS = { error: "red", warn: "yellow", info: "green", debug: "gray" } as const;

/** One JSON object per line. A field never replaces `time`, `level`, `logger` or `message`. */
export function jsonLine(entry: LogEntry): string {
  const { fields, ...head } = entry;
  return JSON.stringify({ ...head, ...withoutHead(fields) });
}

/** A line to read on a terminal: `10:02:11.120 INFO  claim: Assigned pod=runtime-1`, then any stack. */
export function prettyLine(entry: LogEntry): string {
  const { error, ...fields } = entry.fields;
  const level = styleText(COLOURS[entry.level], entry.level.toUpperCase().padEnd(5), {
    validateStream: false,
  });
  const present = Object.entries(fields).filter(([, value]) => value !== undefined);
  const pairs = present.map(([key, value]) => ` ${printable(key)}=${inOneLine(value)}`);
  const head = `${entry.time.slice(11, 23)} ${level} ${entry.logger}: ${printable(entry.message)}${pairs.join("")}`;
  return error === undefined ? head : `${head}\n${describeError(error, "  ")}`;
}

/** A field named like a part of the head moves aside instead of hiding it. */
function withoutHead(fields: Record<string, unknown>): Record<string, unknown> {
  const taken = new Set(["time", "level", "logger", "message"]);
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [taken.has(key) ? `fields.${key}` : key, value]),
  );
}

function inOneLine(value: unknown): string {
  if (typeof value === "string" && /^[^\s"=]+$/.test(value)) return printable(value);
  return printable(JSON.stringify(value));
}

/** Line breaks and escape sequences in data must not forge a line or drive the reader's terminal. */
function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

function describeError(error: unknown, indent: string): string {
  if (typeof error !== "object" || error === null) return `${indent}${inOneLine(error)}`;
  const { type, message, stack, cause, errors, ...rest } = error as Record<string, unknown>;
  const title = typeof stack === "string" ? stack : `${String(type)}: ${String(message)}`;
  const lines = title.split("\n").map((line) => `${indent}${printable(line)}`);
  if (Object.keys(rest).length > 0) lines.push(`${indent}  ${inOneLine(rest)}`);
  for (const inner of Array.isArray(errors) ? errors : []) lines.push(describeError(inner, `${indent}  `));
  if (cause !== undefined) lines.push(`${indent}caused by:`, describeError(cause, `${indent}  `));
  return lines.join("\n");
}
