import { PassThrough, Readable } from "node:stream";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ApiError, TransportError } from "./api-error.ts";
import { ConfigMap } from "./kinds.ts";
import { readWatch } from "./watch.ts";

const call = { verb: "watch", kind: "ConfigMap", target: "team" };
const added = '{"type":"ADDED","object":{"metadata":{"name":"a","managedFields":[{"manager":"kubectl"}]}}}\n';
const bookmark = '{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7"}}}\n';

/** What a watch yields, and how it ends, when the connection carries this text. */
async function read(text: string): Promise<{ events: unknown[]; error?: unknown }> {
  const body = Readable.from([Buffer.from(text)]);
  const events: unknown[] = [];
  try {
    for await (const event of readWatch(call, ConfigMap, body, 1000)) events.push(event);
    return { events };
  } catch (error) {
    return { events, error };
  }
}

describe("a watch", () => {
  it("yields complete objects and bookmarks in order", async () => {
    const { events, error } = await read(added + bookmark);
    expect(error).toBeUndefined();
    expect(events).toEqual([
      { type: "ADDED", object: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } } },
      { type: "BOOKMARK", object: { metadata: { resourceVersion: "7" } } },
    ]);
  });

  it("ends with the error that the server reports", async () => {
    const status = { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" };
    const { events, error } = await read(`${added}${JSON.stringify({ type: "ERROR", object: status })}\n`);
    expect(events).toHaveLength(1);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      isGone: true,
      message: "watch ConfigMap team: 410 Expired: too old resource version",
    });
  });

  it.each([
    ["a torn last line", '{"type":"MODIFIED","obj'],
    ["a line that is not JSON", "garbage\n"],
    ["a line that is no event", "42\n"],
    ["an event without an object", '{"type":"ADDED"}\n'],
    ["an event whose object is null", '{"type":"ADDED","object":null}\n'],
    ["an object without metadata", '{"type":"ADDED","object":{}}\n'],
    ["an unknown type of event", '{"type":"EXPLODED","object":{"metadata":{}}}\n'],
  ])("ends at %s, after the events before it", async (_what, text) => {
    const { events, error } = await read(added + text);
    expect(events).toHaveLength(1);
    expect(error).toBeInstanceOf(TransportError);
    expect(error).toMatchObject({ failure: "garbled" });
  });
});

describe("a quiet watch", () => {
  afterEach(() => vi.useRealTimers());

  it("lasts as long as something arrives within the idle limit", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const body = new PassThrough();
    const events = readWatch(call, ConfigMap, body, 1000);
    for (let count = 0; count < 3; count++) {
      const next = events.next();
      body.write(bookmark);
      expect(await next).toMatchObject({ value: { type: "BOOKMARK" } });
      vi.advanceTimersByTime(900);
    }
    const last = events.next();
    vi.advanceTimersByTime(100);
    await expect(last).rejects.toMatchObject({
      failure: "timeout",
      message: expect.stringContaining("1000 ms") as string,
    });
  });
});
