import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { createLogger, type LoggerOptions } from "./logger.ts";

const CANARY = 'canary-"s3cret"/+=';

/** A destination that keeps what is written to it. */
class Page extends Writable {
  text = "";
  isTTY = false;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }

  get lines(): string[] {
    return this.text.split("\n").filter((line) => line !== "");
  }

  entry(index = 0): Record<string, unknown> {
    return JSON.parse(this.lines[index]!) as Record<string, unknown>;
  }
}

function logTo(page: Page, options: Partial<LoggerOptions> = {}) {
  return createLogger({ name: "claim", format: "json", destination: page, ...options });
}

describe("a logger", () => {
  it("writes one JSON object per line, with the fields of its parents", async () => {
    const page = new Page();
    const log = logTo(page);
    log.child({ pool: "simple" }).child({ pod: "runtime-1" }).info("Assigned", { ms: 12 });
    await log.flush();
    expect(page.lines).toHaveLength(1);
    expect(page.entry()).toMatchObject({ level: "info", logger: "claim", message: "Assigned" });
    expect(page.entry()).toMatchObject({ pool: "simple", pod: "runtime-1", ms: 12 });
    expect(Date.parse(page.entry()["time"] as string)).not.toBeNaN();
  });

  it("writes its level and the graver ones only", async () => {
    const page = new Page();
    const log = logTo(page, { level: "warn" });
    log.debug("a");
    log.info("b");
    log.warn("c");
    log.error("d");
    await log.flush();
    expect(page.lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(["c", "d"]);
    expect(log.isDebugEnabled()).toBe(false);
    expect(logTo(page, { level: "debug" }).child({}).isDebugEnabled()).toBe(true);
  });

  it("keeps its own keys when a field has the same name", async () => {
    const page = new Page();
    const log = logTo(page);
    log.info("Assigned", { message: "forged", level: "error", time: "never" });
    await log.flush();
    expect(page.entry()).toMatchObject({ level: "info", message: "Assigned", "fields.message": "forged" });
  });

  it("shows an error with its code and the chain of its causes", async () => {
    const page = new Page();
    const log = logTo(page);
    const reset = Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
    const outer = new TypeError("cannot renew", { cause: new AggregateError([reset], "all failed") });
    log.error("Lost the lease", { error: outer });
    await log.flush();
    expect(page.entry()["error"]).toMatchObject({
      type: "TypeError",
      message: "cannot renew",
      cause: { message: "all failed", errors: [{ message: "socket hang up", code: "ECONNRESET" }] },
    });
    expect((page.entry()["error"] as { stack: string }).stack).toContain("logger.test.ts");
  });

  it("survives whatever it is given", async () => {
    const page = new Page();
    const log = logTo(page);
    const circular: Record<string, unknown> = { name: "loop" };
    circular["self"] = circular;
    const hostile = {
      get field(): never {
        throw new Error("no");
      },
    };
    const deep = JSON.parse("[".repeat(5000) + "]".repeat(5000)) as unknown;
    log.info("odd", { circular, hostile, deep, big: 2n ** 70n, bytes: Buffer.from("x"), when: new Date(0) });
    log.info("long", { text: "x".repeat(1_000_000), many: Array.from({ length: 1000 }, () => 1) });
    await log.flush();
    expect(page.entry()).toMatchObject({ big: String(2n ** 70n), when: "1970-01-01T00:00:00.000Z" });
    expect(page.entry()).toMatchObject({ circular: { self: "[circular]" }, hostile: "[unreadable: Error]" });
    expect(page.lines[1]!.length).toBeLessThan(10_000);
  });

  it("writes everything before flush resolves, even right after it was made", async () => {
    const page = new Page();
    const log = logTo(page);
    for (let index = 0; index < 500; index++) log.info("line");
    await log.flush();
    expect(page.lines).toHaveLength(500);
  });
});

describe("a logger on a terminal", () => {
  it("chooses the readable form by itself", async () => {
    const page = new Page();
    page.isTTY = true;
    const log = logTo(page, { format: "auto" });
    log.info("Assigned", { pod: "runtime-1", note: "two words" });
    await log.flush();
    expect(page.text).toMatch(/INFO.* claim: Assigned pod=runtime-1 note="two words"\n$/);
  });

  it("prints causes below the error", async () => {
    const page = new Page();
    const log = logTo(page, { format: "pretty" });
    log.error("Failed", { error: new Error("outer", { cause: new Error("inner") }) });
    await log.flush();
    expect(page.text).toMatch(/Error: outer\n[^]*caused by:\n\s+Error: inner\n/);
  });

  it("lets no data forge a line or send escape sequences", async () => {
    const page = new Page();
    const log = logTo(page, { format: "pretty" });
    log.info("name\r\n10:00 INFO forged", { pod: "\u001b[2Jx", "key\n": "a\nb" });
    await log.flush();
    expect(page.lines).toHaveLength(1);
    expect(page.text).not.toContain("\u001b[2J");
  });
});

describe.each(["json", "pretty"] as const)("secrets in %s lines", (format) => {
  async function written(
    fields: Record<string, unknown>,
    message = "message",
    secret: string | (() => string) = CANARY,
  ): Promise<string> {
    const page = new Page();
    const log = logTo(page, { format });
    log.child({}).redact(secret);
    log.info(message, fields);
    await log.flush();
    return page.text;
  }

  it.each([
    ["under a telling key", { password: "abc123", "X-API-Key": "abc123", headers: { Cookie: ["abc123"] } }],
    ["under a telling key, as a number", { clientSecret: "abc123", api_token: "abc123" }],
    ["in an authorization header quoted in text", { text: "sent Authorization: Bearer abc123abc123" }],
    ["in a URL", { url: "https://host/lab?x=1&token=abc123", other: "amqp://user:abc123@host/" }],
  ])("are hidden %s", async (_where, fields) => {
    expect(await written(fields)).not.toContain("abc123");
  });

  it.each([
    ["in the message", {}, `key ${CANARY} refused`],
    ["in a nested field", { a: [{ b: `x${CANARY}x` }] }, "m"],
    ["as the name of a field", { [CANARY]: 1 }, "m"],
    ["in base64", { data: Buffer.from(CANARY).toString("base64") }, "m"],
    ["in a URL", { url: `http://h/?q=${encodeURIComponent(CANARY)}` }, "m"],
    ["in an error, its stack and its cause", { error: new Error("x", { cause: new Error(CANARY) }) }, "m"],
    ["in an error's fields", { error: Object.assign(new Error("x"), { body: CANARY }) }, "m"],
  ])("are hidden %s once registered", async (_where, fields, message) => {
    const text = await written(fields, message);
    expect(text).toContain("[redacted]");
    expect(text).not.toContain("s3cret");
    expect(text).not.toContain(Buffer.from(CANARY).toString("base64"));
  });

  it("stay hidden after they were rotated", async () => {
    const page = new Page();
    const log = logTo(page, { format });
    let key = "first-key-value";
    log.redact(() => key);
    log.info("uses first-key-value");
    key = "second-key-value";
    log.info("uses first-key-value, then second-key-value");
    await log.flush();
    expect(page.text).not.toMatch(/(first|second)-key-value/);
  });

  it("do not hide words that merely look alike", async () => {
    const text = await written(
      { tokens: 3, secretName: "reg-creds", hasToken: true, token: null },
      "m",
      "abc",
    );
    expect(text).toContain("reg-creds");
    expect(text).not.toContain("[redacted]");
  });
});
