import type { ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import type { CutWatch } from "./acts.ts";
import type { Gate } from "./gate.ts";
import type { ProxiedRequest } from "./request-log.ts";
import type { ActiveRule } from "./rules.ts";

const newline = 0x0a;
const historyLength = 64;
const garbledLine = Buffer.from('{"type":"MODIFIED","object":{"kind":"Po\n');
const expiredLine = Buffer.from(
  `${JSON.stringify({
    type: "ERROR",
    object: {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: "too old resource version (fault proxy)",
      reason: "Expired",
      code: 410,
    },
  })}\n`,
);

/** What is still to be delivered: a line, or the end of the stream. */
type Delivery = { line: Buffer; dueAtMs: number } | { end: "end" | "reset"; dueAtMs: number };

/** The two ends of a watch. */
export interface WatchEnds {
  request: ProxiedRequest;
  source: Readable;
  sink: ServerResponse;
  /** Resets the client's connection. */
  reset: () => void;
}

/**
 * Passes a watch on line by line, so that faults fall between events. Nothing is lost, reordered or buffered
 * unless a rule says so.
 */
export class WatchStream {
  readonly request: ProxiedRequest;
  readonly #ends: WatchEnds;
  readonly #done: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #rules: ActiveRule[] = [];
  #queue: Delivery[] = [];
  #partial: Buffer[] = [];
  #history: Buffer[] = [];
  #blocks = 0;
  /** Nothing is delivered any more: after an orderly end the connection belongs to the client's next request. */
  #isOver = false;
  #breakNextLine = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(ends: WatchEnds) {
    this.request = ends.request;
    this.#ends = ends;
    const { source, sink } = ends;
    source.on("data", (chunk: Buffer) => this.#receive(chunk));
    source.once("end", () => this.#enqueue({ end: "end", dueAtMs: this.#dueAtMs() }));
    source.once("error", () => this.#enqueue({ end: "reset", dueAtMs: this.#dueAtMs() }));
    sink.once("close", () => this.#close());
  }

  /** Resolves when the client's side of the stream is closed. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  /** Delivers nothing until the gate is open. */
  blockAt(gate: Gate): void {
    if (gate.isOpen) return;
    this.#blocks += 1;
    void gate.opened().then(() => {
      this.#blocks -= 1;
      this.#flush();
    });
  }

  /** Whether the rule's act has something to act on; only a replay needs events that were delivered before. */
  canSuffer(rule: ActiveRule): boolean {
    return rule.act.kind !== "replayWatch" || this.#history.length > 0;
  }

  /** Lets the rule act on this stream from now on. */
  suffer(rule: ActiveRule): void {
    const { act } = rule;
    this.#rules.push(rule);
    if (act.kind === "freezeWatch") this.blockAt(rule.gate);
    if (act.kind === "resetMidBody") this.#breakNextLine = true;
    if (act.kind === "cutWatch") this.#cut(act.how);
    if (act.kind === "garbleWatch") this.#insert([garbledLine]);
    if (act.kind === "replayWatch") this.#insert(this.#history.slice(-act.count));
    if (act.kind === "expireWatch") {
      this.#insert([expiredLine]);
      this.#enqueue({ end: "end", dueAtMs: 0 });
    }
  }

  #cut(how: CutWatch["how"]): void {
    if (how === "midEvent") this.#breakNextLine = true;
    else this.#finish(how);
  }

  #receive(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      this.#receiveLine(this.#complete(chunk.subarray(start, end + 1)));
      start = end + 1;
    }
    if (start < chunk.length) this.#partial.push(chunk.subarray(start));
    this.#flush();
  }

  #complete(tail: Buffer): Buffer {
    if (this.#partial.length === 0) return tail;
    const line = Buffer.concat([...this.#partial, tail]);
    this.#partial = [];
    return line;
  }

  #receiveLine(line: Buffer): void {
    const delivery = { line, dueAtMs: this.#dueAtMs() };
    this.#queue.push(delivery);
    if (this.#acting("duplicateWatch").length > 0) this.#queue.push(delivery);
  }

  #acting(kind: ActiveRule["act"]["kind"]): ActiveRule[] {
    return this.#rules.filter((rule) => !rule.isRemoved && rule.act.kind === kind);
  }

  #dueAtMs(): number {
    const delays = this.#acting("delayWatch").map(({ act }) => (act.kind === "delayWatch" ? act.ms : 0));
    return delays.length === 0 ? 0 : performance.now() + Math.max(...delays);
  }

  #insert(lines: Buffer[]): void {
    for (const line of lines) this.#queue.push({ line, dueAtMs: 0 });
    this.#flush();
  }

  #enqueue(delivery: Delivery): void {
    this.#queue.push(delivery);
    this.#flush();
  }

  /** Delivers what is due, in order; one TCP segment for what comes at once. */
  #flush(): void {
    const { sink } = this.#ends;
    sink.cork();
    while (this.#blocks === 0 && !this.#isOver) {
      const next = this.#queue[0];
      if (next === undefined || !this.#isDue(next)) break;
      this.#queue.shift();
      this.#deliver(next);
    }
    sink.uncork();
  }

  #isDue({ dueAtMs }: Delivery): boolean {
    const waitMs = dueAtMs === 0 ? 0 : dueAtMs - performance.now();
    if (waitMs <= 0) return true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#flush(), waitMs);
    return false;
  }

  #deliver(delivery: Delivery): void {
    if ("end" in delivery) this.#finish(delivery.end);
    else if (this.#breakNextLine) this.#breakAt(delivery.line);
    else this.#write(delivery.line);
  }

  #write(line: Buffer): void {
    this.#ends.sink.write(line);
    this.#history.push(line);
    if (this.#history.length > historyLength) this.#history.shift();
  }

  #breakAt(line: Buffer): void {
    this.#isOver = true;
    this.#ends.sink.write(line.subarray(0, line.length / 2), () => this.#ends.reset());
  }

  #finish(how: "end" | "reset"): void {
    this.#isOver = true;
    if (how === "reset") this.#ends.reset();
    else this.#ends.sink.end();
  }

  #close(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#done.resolve();
  }
}
