import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineDecoder } from "./line-decoder.ts";

describe("a line decoder", () => {
  it("finds the same lines however the bytes are cut", () => {
    const lines = fc.array(
      fc.string({ unit: "grapheme", minLength: 1 }).filter((line) => !line.includes("\n")),
    );
    fc.assert(
      fc.property(lines, fc.array(fc.nat(2000)), (expected, cuts) => {
        const bytes = Buffer.from(expected.map((line) => `${line}\n`).join(""));
        const decoder = new LineDecoder();
        expect(cut(bytes, cuts).flatMap((chunk) => [...decoder.push(chunk)])).toEqual(expected);
        expect(decoder.hasUnfinishedLine).toBe(false);
      }),
    );
  });

  it("knows that a line is unfinished", () => {
    const decoder = new LineDecoder();
    expect([...decoder.push(Buffer.from('{"a":1}\n{"b"'))]).toEqual(['{"a":1}']);
    expect(decoder.hasUnfinishedLine).toBe(true);
  });

  it("joins a line of 8 MB from 1 kB chunks in linear time", () => {
    const decoder = new LineDecoder();
    const chunk = Buffer.alloc(1024, "x");
    const before = performance.now();
    for (let i = 0; i < 8192; i++) for (const line of decoder.push(chunk)) expect.fail(line);
    const [line] = [...decoder.push(Buffer.from("\n"))];
    expect(line?.length).toBe(8192 * 1024);
    expect(performance.now() - before).toBeLessThan(3000);
  });
});

function cut(bytes: Buffer, cuts: number[]): Buffer[] {
  const places = [0, ...cuts.filter((place) => place < bytes.length).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}
