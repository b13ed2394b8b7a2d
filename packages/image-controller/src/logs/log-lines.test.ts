import { describe, expect, it } from "vitest";
import { maskedLines, maskOf } from "./log-lines.ts";

async function linesOf(chunks: readonly (string | Buffer)[], secrets: string[] = []): Promise<string[]> {
  const lines: string[] = [];
  const buffers = chunks.map((chunk) => Buffer.from(chunk));
  for await (const line of maskedLines(buffers, maskOf(secrets))) lines.push(line);
  return lines;
}

describe("the lines of a log", () => {
  it("are whole however the bytes arrive", async () => {
    const euro = Buffer.from("€");
    expect(await linesOf(["a", "b\n\nc", euro.subarray(0, 1), euro.subarray(1), "\nd"])).toEqual([
      "ab",
      "",
      "c€",
      "d",
    ]);
  });

  it("show what a terminal would show of a progress bar", async () => {
    expect(await linesOf(["10 %\r50 %\r100 %\r\nnext\r\n"])).toEqual(["100 %", "next"]);
  });

  it("have no secret, however its bytes arrive", async () => {
    expect(await linesOf(["token=can", "ary-1234 ok\n", "none"], ["canary-1234"])).toEqual([
      "token=[redacted] ok",
      "none",
    ]);
  });

  it("come in parts when they have no end", async () => {
    const lines = await linesOf(Array.from({ length: 5 }, () => "x".repeat(40_000)));
    expect(lines.map(({ length }) => length)).toEqual([80_000, 80_000, 40_000]);
  });
});
