import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "@datalayer/shared/log/logger";
import type { Dispatcher } from "undici";
import { responseHeaders } from "./headers.ts";
import type { GatewayMetrics } from "./metrics.ts";
import type { Passage } from "./passages.ts";
import { isUntracked } from "./path.ts";
import { problemOf, refuse } from "./refusal.ts";
import { type Ending, RuntimeGone } from "./runtime-link.ts";

/** One request, where its answer goes, and the runtime it is for. */
export interface Exchange extends Passage {
  request: IncomingMessage;
  response: ServerResponse;
  metrics: GatewayMetrics;
  log: Logger;
}

/** Longer bodies are not worth the copy that joins them to the headers. */
const joinedBytes = 4_096;

class ClientGone extends Error {
  override readonly name = "ClientGone";
}

/**
 * Passes the answer of a runtime on to the client as it comes, no faster than the client reads it. When the client
 * goes, the request to the runtime ends, and the other way round.
 */
export class Answer implements Dispatcher.DispatchHandler, Ending {
  readonly #exchange: Exchange;
  readonly #finish: () => void;
  readonly #onClose = (): void => this.#close();
  #controller: Dispatcher.DispatchController | undefined;
  #isOver = false;
  /** How much of the body is still to come, where the runtime said how long it is. */
  #bytesLeft = Number.NaN;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.#finish = exchange.open(this);
    exchange.response.once("close", this.#onClose);
  }

  /** Ends it, as its runtime or its Route has ended. */
  end(): void {
    this.#controller?.abort(new RuntimeGone("the runtime or its Route has ended"));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isOver) controller.abort(new ClientGone("the client went before its request was sent"));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    { "content-length": length }: IncomingHttpHeaders,
    statusText?: string,
  ): void {
    // Interim answers concern one connection only.
    if (status < 200 || this.#isOver) return;
    this.#count(status);
    if (length !== undefined) this.#bytesLeft = Number(length);
    // Of HTTP/1, they are as they came over the wire.
    const headers = responseHeaders(controller.rawHeaders as Buffer[]);
    this.#exchange.response.writeHead(status, statusText, headers);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { response } = this.#exchange;
    if (this.#isOver) return;
    this.#bytesLeft -= chunk.length;
    if (this.#bytesLeft === 0) {
      this.#sendLast(chunk);
      return;
    }
    if (response.write(chunk)) return;
    controller.pause();
    response.once("drain", () => controller.resume());
  }

  /** With the end, so that a small answer is one write: as text, which Node joins to the headers, byte by byte. */
  #sendLast(chunk: Buffer): void {
    const { response } = this.#exchange;
    if (chunk.length > joinedBytes) response.end(chunk);
    else response.end(chunk.toString("latin1"), "latin1");
  }

  onResponseEnd(): void {
    this.#exchange.response.end();
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.#isOver) return;
    const { request, response, link, metrics, log } = this.#exchange;
    const problem = problemOf(error);
    log.debug("A runtime did not answer", { runtime: link.pod.ulid, pod_uid: link.pod.uid, error });
    metrics.failures.inc({ code: problem.status });
    // Half an answer must not look like a whole one.
    if (response.headersSent) response.destroy();
    else refuse(request, response, problem);
  }

  /** Lets go of the client, who is told the rest by somebody else; false when the client has gone. */
  protected detach(status: number): boolean {
    const { response } = this.#exchange;
    if (this.#isOver || !response.socket) return false;
    this.#count(status);
    response.off("close", this.#onClose);
    response.detachSocket(response.socket);
    this.#isOver = true;
    this.#finish();
    return true;
  }

  /** Who is refused or sent elsewhere has not used the runtime: anybody could keep it from being idle. */
  #count(status: number): void {
    const { request, link, metrics } = this.#exchange;
    metrics.answers.inc({ code: status });
    const isUse = status < 300 || status === 304;
    if (isUse && !isUntracked(request.url ?? "")) link.used();
  }

  #close(): void {
    this.#isOver = true;
    if (!this.#exchange.response.writableFinished)
      this.#controller?.abort(new ClientGone("the client went before it had its answer"));
    this.#finish();
  }
}
