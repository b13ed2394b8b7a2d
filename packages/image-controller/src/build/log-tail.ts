import { stripVTControlCharacters } from "node:util";
import { Redactor } from "@datalayer/shared/log/redaction";

const longestTailBytes = 2048;

/** The end of a log as a status may show it: plain text, without secrets. */
export function logTail(log: string, hidden: readonly string[]): string {
  const redactor = new Redactor();
  for (const secret of hidden) redactor.add(secret);
  const bytes = Buffer.from(redactor.mask(plain(log)));
  // A character that was cut in two reads as this one.
  return bytes
    .subarray(-longestTailBytes)
    .toString("utf8")
    .replace(/^\uFFFD+/, "")
    .trim();
}

/** Without what tells terminals of colours, and could tell them of more. */
function plain(log: string): string {
  return stripVTControlCharacters(log).replaceAll(/[^\P{C}\n\t]/gu, "");
}
