import { stringify } from "yaml";
import type { OutputFormat } from "../command/options.ts";
import type { Terminal } from "./terminal.ts";

/** Writes data to standard output; `text` says how people read it: nothing, where there is nothing to say. */
export function printData(terminal: Terminal, format: OutputFormat, data: unknown, text: () => string): void {
  const written = format === "text" ? text() : encode(format, data);
  if (written !== "") terminal.out(written);
}

/** One document of JSON or YAML. */
export function encode(format: "json" | "yaml", data: unknown): string {
  return format === "json" ? JSON.stringify(data, null, 2) : stringify(data, { lineWidth: 0 }).trimEnd();
}
