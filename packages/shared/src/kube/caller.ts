import type { Clock } from "../clock/clock.ts";
import { ApiError, type Call, parseStatus, TransportError } from "./api-error.ts";
import { Deadline } from "./deadline.ts";
import type { RestMetrics } from "./metrics.ts";
import { retryAfterMs, withRetries } from "./retry.ts";
import type { ServerClock } from "./server-clock.ts";
import type { HttpAnswer, HttpRequest, HttpStream, Transport } from "./transport.ts";

/** What every call accepts. */
export interface CallOptions {
  /** Gives up when aborted. */
  signal?: AbortSignal;
  /** The time for the whole call with its retries. Default: the client's. */
  timeoutMs?: number;
  /** `false`: fail at the first refusal, also on 429. Default `true`. */
  retry?: boolean;
}

/** One call ready to be sent. */
export interface PreparedCall {
  readonly call: Call;
  readonly request: HttpRequest;
  readonly idempotent: boolean;
  readonly options: CallOptions;
}

/** What a caller needs besides the transport. */
export interface CallerOptions {
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly metrics: RestMetrics | undefined;
  /** Told the date of every answer. */
  readonly serverClock: ServerClock | undefined;
  /** Every call ends when one of these does. */
  readonly signals: readonly AbortSignal[];
}

/** Turns prepared calls into answers: deadline, retries, errors, metrics. */
export class Caller {
  readonly #transport: Transport;
  readonly #options: CallerOptions;

  constructor(transport: Transport, options: CallerOptions) {
    this.#transport = transport;
    this.#options = options;
  }

  /** The same caller, which also gives up when `signal` is aborted. */
  boundTo(signal: AbortSignal): Caller {
    return new Caller(this.#transport, { ...this.#options, signals: [...this.#options.signals, signal] });
  }

  /** The same caller over another transport, with another default deadline. */
  over(transport: Transport, timeoutMs: number): Caller {
    return new Caller(transport, { ...this.#options, timeoutMs });
  }

  /**
   * Answers with the parsed JSON body.
   *
   * @throws ApiError | TransportError
   */
  async call(prepared: PreparedCall): Promise<unknown> {
    const { call, options } = prepared;
    const deadline = this.#deadline(options);
    const attempt = (): Promise<unknown> => this.#attempt(prepared, deadline);
    try {
      if (options.retry === false) return await attempt();
      const onRetry = (): void =>
        this.#options.metrics?.retried({ verb: call.verb, host: this.#transport.host });
      const { idempotent } = prepared;
      return await withRetries(attempt, { idempotent, deadline, clock: this.#options.clock, onRetry });
    } finally {
      deadline.dispose();
    }
  }

  /**
   * Opens a stream; the time-out is the time until it is open, the signals end it at any time.
   *
   * @throws ApiError | TransportError
   */
  async open(
    call: Call,
    request: HttpRequest,
    options: CallOptions,
  ): Promise<HttpStream & { close(): void }> {
    const deadline = this.#deadline(options);
    try {
      const stream = await this.#measured(request, () => this.#transport.open(call, request, deadline));
      this.#options.serverClock?.observe(stream.headers.date);
      if (stream.status >= 300) throw this.#refusal(call, { ...stream, body: await stream.body.text() });
      deadline.stopTimer();
      return { ...stream, close: () => deadline.dispose() };
    } catch (error) {
      deadline.dispose();
      throw error;
    }
  }

  #deadline(options: CallOptions): Deadline {
    const signals = options.signal ? [...this.#options.signals, options.signal] : this.#options.signals;
    return new Deadline(options.timeoutMs ?? this.#options.timeoutMs, signals);
  }

  async #attempt({ call, request }: PreparedCall, deadline: Deadline): Promise<unknown> {
    const answer = await this.#measured(request, () => this.#transport.exchange(call, request, deadline));
    this.#options.serverClock?.observe(answer.headers.date);
    if (answer.status >= 300) throw this.#refusal(call, answer);
    try {
      return JSON.parse(answer.body);
    } catch (cause) {
      throw new TransportError(call, "garbled", `the answer is not JSON (status ${answer.status})`, {
        sent: true,
        cause,
      });
    }
  }

  #refusal(call: Call, answer: HttpAnswer): ApiError {
    const status = parseStatus(answer.body);
    const header = answer.headers["retry-after"];
    const seconds = status.details?.retryAfterSeconds;
    const waitMs = retryAfterMs(header, seconds, this.#options.clock.now());
    return new ApiError(call, answer.status, status, waitMs);
  }

  async #measured<Answer extends { status: number }>(
    request: HttpRequest,
    send: () => Promise<Answer>,
  ): Promise<Answer> {
    const { metrics } = this.#options;
    if (!metrics) return send();
    const startMs = performance.now();
    const observe = (code: string): void =>
      metrics.observe({
        code,
        method: request.method,
        host: this.#transport.host,
        durationMs: performance.now() - startMs,
      });
    try {
      const answer = await send();
      observe(String(answer.status));
      return answer;
    } catch (error) {
      observe("<error>");
      throw error;
    }
  }
}
