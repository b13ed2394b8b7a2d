import { stripVTControlCharacters } from "node:util";
import { type LogEntry, prettyLine } from "@datalayer/shared/log/line";

/** Levels of lines, the gravest first. */
export const logLevels = ["error", "warn", "info", "debug"] as const;

/** One of them. */
export type Level = (typeof logLevels)[number];

/** A line and where it comes from. */
export interface LogLine {
  /** When the node got it: RFC 3339 with nanoseconds. */
  readonly time: string;
  readonly component: string;
  readonly pod: string;
  /** As it was written. */
  readonly text: string;
  /** What it says; undefined for one that is none of the controllers' own, such as that of a crash. */
  readonly entry: Record<string, unknown> | undefined;
}

/** Reads a line with the time before it, as the API server sends it. */
export function parseLine(line: string, source: Pick<LogLine, "component" | "pod">): LogLine {
  const space = line.indexOf(" ");
  const text = line.slice(space + 1);
  return { ...source, time: line.slice(0, space), text, entry: parseEntry(text) };
}

function parseEntry(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const entry = JSON.parse(text) as Record<string, unknown>;
    return isLevel(entry["level"]) ? entry : undefined;
  } catch {
    return undefined;
  }
}

function isLevel(value: unknown): value is Level {
  return logLevels.some((level) => level === value);
}

/** Whether a line is grave enough; what has no level is, as nobody knows. */
export function isShown({ entry }: LogLine, least: Level): boolean {
  const level = entry?.["level"];
  return !isLevel(level) || logLevels.indexOf(level) <= logLevels.indexOf(least);
}

/** A line for people: the Pod, then what it says. */
export function textOf(
  { component, pod, text, entry }: LogLine,
  { isColoured }: { isColoured: boolean },
): string {
  const said = entry === undefined ? stripVTControlCharacters(text) : prettyLine(entryOf(entry));
  const line = `${shortName(pod, component)}  ${said}`;
  return isColoured ? line : stripVTControlCharacters(line);
}

/** `runtime-controller/x7b2q`: of the Pod's name what tells replicas apart. */
function shortName(pod: string, component: string): string {
  return `${component}/${pod.slice(pod.lastIndexOf("-") + 1)}`;
}

function entryOf(line: Record<string, unknown>): LogEntry {
  const { time, level, logger, message, ...fields } = line;
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  return {
    time: text(time),
    level: level as Level,
    logger: text(logger),
    message: text(message),
    fields,
  };
}

/** A line for programs. */
export function dataOf({ time, component, pod, text, entry }: LogLine): object {
  return { time, component, pod, ...(entry ?? { message: text }) };
}
