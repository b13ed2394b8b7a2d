import { describe, expect, it } from "vitest";
import { closeFrame, FrameReader } from "./frames.ts";

const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

function frame(kind: keyof typeof opcode, payloadBytes: number, masked = true): Buffer {
  const bit = masked ? 0x80 : 0;
  const extended = payloadBytes > 65_535 ? 8 : payloadBytes > 125 ? 2 : 0;
  const header = Buffer.alloc(2 + extended);
  header[0] = 0x80 | opcode[kind];
  header[1] = bit | (extended === 8 ? 127 : extended === 2 ? 126 : payloadBytes);
  if (extended === 2) header.writeUInt16BE(payloadBytes, 2);
  if (extended === 8) header.writeBigUInt64BE(BigInt(payloadBytes), 2);
  // A payload that looks like frames itself.
  return Buffer.concat([header, Buffer.alloc(masked ? 4 : 0, 0x81), Buffer.alloc(payloadBytes, 0x81)]);
}

const sizes = [0, 1, 125, 126, 65_535, 65_536, 70_000];

describe("frames of a WebSocket", () => {
  it.each(sizes)("are followed over a payload of %i bytes, whole and in pieces", (size) => {
    for (const masked of [true, false]) {
      const bytes = Buffer.concat([frame("text", size, masked), frame("ping", 3, masked)]);
      for (const piece of [bytes.length, 1, 7, 4096]) {
        const reader = new FrameReader();
        for (let at = 0; at < bytes.length; at += piece) reader.read(bytes.subarray(at, at + piece));
        expect(reader.isBetweenFrames).toBe(true);
        expect(reader.read(frame("pong", 5, masked))).toBe(false);
        expect(reader.read(frame("text", 5, masked))).toBe(true);
      }
    }
  });

  it.each([
    ["text", true],
    ["binary", true],
    ["continuation", true],
    ["ping", false],
    ["pong", false],
    ["close", false],
  ] as const)("that carry %s count as a message: %s", (kind, expected) => {
    expect(new FrameReader().read(frame(kind, 4))).toBe(expected);
    expect(new FrameReader().read(frame(kind, 0))).toBe(expected);
  });

  it("count as a message beside others, and as long as their payload comes", () => {
    const reader = new FrameReader();
    expect(reader.read(Buffer.concat([frame("ping", 2), frame("text", 2), frame("pong", 2)]))).toBe(true);
    const long = frame("binary", 300);
    expect(reader.read(long.subarray(0, 1))).toBe(false);
    expect(reader.read(long.subarray(1, 100))).toBe(true);
    expect(reader.isBetweenFrames).toBe(false);
    expect(reader.read(long.subarray(100))).toBe(true);
    expect(reader.isBetweenFrames).toBe(true);
    expect(reader.read(frame("pong", 0))).toBe(false);
  });

  it("end with the close frame that says the server goes away", () => {
    expect(closeFrame(1001)).toEqual(Buffer.from([0x88, 2, 0x03, 0xe9]));
  });
});
