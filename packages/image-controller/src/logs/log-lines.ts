import { StringDecoder } from "node:string_decoder";
import { Redactor } from "@datalayer/shared/log/redaction";

/** A longer line is masked and handed on in parts: nobody has to wait, or find room, for one without an end. */
const longestPart = 64 * 1024;
const lastOf = /[^\r\n]*$/;

/** Hides secrets in lines. */
export type Mask = (line: string) => string;

/** A mask for these secrets, and for what shows by itself that it is one. */
export function maskOf(secrets: Iterable<string>): Mask {
  const redactor = new Redactor();
  for (const secret of secrets) redactor.add(secret);
  return (line) => redactor.mask(line);
}

/**
 * The lines of a stream of bytes, masked, without their ends. What a carriage return overwrote is not shown on a
 * terminal and not here: of a progress bar there is the last state.
 */
export async function* maskedLines(
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
  mask: Mask,
): AsyncGenerator<string, void> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const chunk of chunks) {
    rest += decoder.write(chunk);
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield mask(shownOf(line));
    if (rest.length > longestPart) {
      yield mask(shownOf(rest));
      rest = "";
    }
  }
  rest += decoder.end();
  if (rest !== "") yield mask(shownOf(rest));
}

function shownOf(line: string): string {
  return lastOf.exec(line.replace(/\r+$/, ""))?.[0] ?? "";
}
