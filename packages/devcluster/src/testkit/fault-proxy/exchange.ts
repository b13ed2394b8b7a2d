import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { Dispatcher } from "undici";
import { isWatchAct, type Stage } from "./acts.ts";
import { passThrough, type Gate } from "./gate.ts";
import { answerOf, endToEnd, endToEndHeaders } from "./messages.ts";
import { isWrite, parseRequest } from "./request-info.ts";
import type { ProxiedRequest, RequestLog } from "./request-log.ts";
import type { ActiveRule, RuleBook } from "./rules.ts";
import type { Upstream } from "./upstream.ts";
import { WatchStream } from "./watch-stream.ts";

/** What the exchanges of one client share. */
export interface ExchangeContext {
  readonly client: string;
  readonly upstream: Upstream;
  readonly rules: RuleBook;
  readonly log: RequestLog;
  /** Closed while the client is cut off from the API server. */
  readonly link: Gate;
  /** The watch streams that are open. */
  readonly watches: Set<WatchStream>;
  /** Aborted when the proxy closes. */
  readonly closing: AbortSignal;
  /** Resets the connection that the request came by. */
  reset: (request: IncomingMessage) => void;
}

type UpstreamResponse = Dispatcher.ResponseData;

/** One request and its answer. */
export class Exchange {
  readonly #context: ExchangeContext;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #body: Buffer | undefined;
  #struck: ActiveRule[] = [];

  constructor(context: ExchangeContext, request: IncomingMessage, response: ServerResponse) {
    this.#context = context;
    this.#request = request;
    this.#response = response;
  }

  /** Serves the request to its end; whatever breaks is a reset connection to the client, as it would be without us. */
  async run(): Promise<void> {
    const startedAtMs = performance.now();
    let entry: ProxiedRequest | undefined;
    try {
      this.#body = await readBody(this.#request);
      entry = this.#record(startedAtMs);
      await this.#serve(entry);
    } catch (error) {
      if (entry) entry.error = error instanceof Error ? error.message : String(error);
      this.#reset();
    } finally {
      if (entry) entry.endedAtMs = performance.now();
    }
  }

  #record(startedAtMs: number): ProxiedRequest {
    const entry = describe(this.#context.client, this.#request, this.#body, startedAtMs);
    this.#context.log.push(entry);
    return entry;
  }

  async #serve(entry: ProxiedRequest): Promise<void> {
    await this.#crossLink(entry);
    this.#struck = this.#context.rules.strike(entry);
    await this.#wait("request");
    if (this.#isAnsweredEarly(entry)) return;
    const answer = await this.#forward(entry);
    await this.#wait("reply");
    if (!this.#context.link.isOpen) await passThrough(this.#context.link, this.#context.closing);
    await this.#reply(entry, answer);
  }

  /** A cut-off client's request waits for the link to heal; it is lost if the client leaves before. */
  async #crossLink(entry: ProxiedRequest): Promise<void> {
    const { link, closing } = this.#context;
    if (link.isOpen) return;
    entry.fault = "partition";
    await passThrough(link, AbortSignal.any([closing, this.#left()]));
  }

  /** Aborted when the client leaves. */
  #left(): AbortSignal {
    const left = new AbortController();
    this.#response.once("close", () => left.abort(new Error("the client left")));
    return left.signal;
  }

  async #wait(stage: Stage): Promise<void> {
    const { closing } = this.#context;
    for (const { act, gate } of this.#struck) {
      if (act.kind === "delay" && act.stage === stage) await delay(act.ms, undefined, { signal: closing });
      if (act.kind === "hold" && act.stage === stage) await passThrough(gate, closing);
    }
  }

  #isAnsweredEarly(entry: ProxiedRequest): boolean {
    const act = this.#struck
      .map((rule) => rule.act)
      .find(({ kind }) => kind === "answer" || kind === "dropBefore");
    if (act?.kind === "dropBefore") this.#reset();
    if (act?.kind === "answer") {
      const { headers, body } = answerOf(act);
      entry.status = act.status;
      this.#response.writeHead(act.status, headers).end(body);
    }
    return act !== undefined;
  }

  /** A client that leaves calls back its reads. A write is on its way: leaving does not undo it. */
  async #forward(entry: ProxiedRequest): Promise<UpstreamResponse> {
    entry.forwardedAtMs = performance.now();
    const answer = await this.#context.upstream.send({
      method: entry.method,
      url: entry.url,
      headers: endToEndHeaders(this.#request.rawHeaders),
      body: this.#body,
      signal: isWrite(entry.verb) ? undefined : this.#left(),
    });
    entry.upstreamStatus = answer.statusCode;
    return answer;
  }

  async #reply(entry: ProxiedRequest, answer: UpstreamResponse): Promise<void> {
    const act = this.#struck
      .map((rule) => rule.act)
      .find(({ kind }) => kind === "dropAfter" || kind === "resetMidBody");
    if (act?.kind === "dropAfter" || this.#response.destroyed) return this.#lose(answer);
    entry.status = answer.statusCode;
    if (entry.verb === "watch" && answer.statusCode === 200) return this.#stream(entry, answer);
    if (act?.kind === "resetMidBody") return this.#breakOff(answer);
    this.#response.writeHead(answer.statusCode, endToEnd(answer.headers));
    await pipeline(answer.body, this.#response);
  }

  async #lose(answer: UpstreamResponse): Promise<void> {
    this.#reset();
    await answer.body.dump();
  }

  async #breakOff(answer: UpstreamResponse): Promise<void> {
    const body = Buffer.from(await answer.body.arrayBuffer());
    const headers = { ...endToEnd(answer.headers), "content-length": String(body.length) };
    this.#response.writeHead(answer.statusCode, headers);
    this.#response.write(body.subarray(0, body.length / 2), () => this.#reset());
  }

  async #stream(entry: ProxiedRequest, answer: UpstreamResponse): Promise<void> {
    const { watches } = this.#context;
    this.#response.writeHead(answer.statusCode, endToEnd(answer.headers));
    this.#response.flushHeaders();
    const reset = () => this.#reset();
    const stream = new WatchStream({ request: entry, source: answer.body, sink: this.#response, reset });
    watches.add(stream);
    for (const rule of this.#struck) {
      if (isWatchAct(rule.act) || rule.act.kind === "resetMidBody") stream.suffer(rule);
    }
    await stream.done;
    watches.delete(stream);
  }

  #reset(): void {
    this.#context.reset(this.#request);
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const { "content-length": length, "transfer-encoding": encoding } = request.headers;
  if ((length === undefined || length === "0") && encoding === undefined) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function describe(
  client: string,
  request: IncomingMessage,
  body: Buffer | undefined,
  startedAtMs: number,
): ProxiedRequest {
  const { method = "GET", url = "/", headers } = request;
  const info = parseRequest(method, url);
  const text = isWrite(info.verb) ? body?.toString() : undefined;
  return {
    ...info,
    name: info.verb === "create" ? (info.name ?? nameIn(text)) : info.name,
    body: text,
    contentType: headers["content-type"],
    userAgent: headers["user-agent"],
    client,
    method,
    url,
    startedAtMs,
  };
}

function nameIn(manifest: string | undefined): string | undefined {
  try {
    const { metadata } = JSON.parse(manifest ?? "{}") as { metadata?: { name?: string } };
    return metadata?.name;
  } catch {
    return undefined; // protobuf, or what a test of bad input sends
  }
}
