import { STATUS_CODES, type OutgoingHttpHeaders } from "node:http";
import { z } from "zod";

/** Where the problem types are explained; the type's name follows as an anchor. */
const PROBLEM_TYPES = "https://datalayer.io/docs/operator/problems#";

/** The media type of RFC 9457. */
export const PROBLEM_MEDIA_TYPE = "application/problem+json; charset=utf-8";

/** One thing that is wrong with a request. */
export interface FieldError {
  /** JSON pointer into the part: `/credits_limit`; empty for the part as a whole. */
  path: string;
  in: "body" | "query" | "path" | "header";
  message: string;
  /** What would have been accepted, where that can be said in few words. */
  expected?: string;
}

/** What a problem says beside its status. */
export interface ProblemOptions {
  /** Kebab-case name of the kind of problem; the words of the status by default. */
  type?: string;
  /** The same for every problem of this type; the words of the status by default. */
  title?: string;
  /** What happened this time, for the person who reads it. */
  detail?: string;
  /** More members of the body, in snake case. They can't replace the standard ones. */
  extensions?: Record<string, unknown>;
  headers?: OutgoingHttpHeaders;
  cause?: unknown;
}

/**
 * A request that is refused, as RFC 9457 describes it. Throw it anywhere in a handler; the app writes it.
 * Whatever it says reaches the client, its `cause` never does.
 */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly type: string;
  readonly title: string;
  readonly detail: string | undefined;
  readonly extensions: Readonly<Record<string, unknown>>;
  readonly headers: OutgoingHttpHeaders;

  constructor(status: number, options: ProblemOptions = {}) {
    const words = STATUS_CODES[status] ?? "Error";
    const title = options.title ?? words;
    super(options.detail ?? title, { cause: options.cause });
    this.status = status;
    this.type = options.type ?? words.toLowerCase().replace(/[^a-z]+/g, "-");
    this.title = title;
    this.detail = options.detail;
    this.extensions = options.extensions ?? {};
    this.headers = options.headers ?? {};
  }
}

/** 404: there is no such thing, or not for this caller. */
export function notFound(detail: string, type = "not-found"): Problem {
  return new Problem(404, { type, detail });
}

/** 422: the request is well formed and can't be meant. `errors` point at the fields. */
export function unprocessable(detail: string, errors: readonly FieldError[] = []): Problem {
  return new Problem(422, {
    type: "invalid-request",
    title: "Invalid request",
    detail,
    extensions: errors.length > 0 ? { errors } : {},
  });
}

/** 501: the interface knows it, and it cannot be had yet, or here. `detail` says what can be done instead. */
export function notImplemented(detail: string): Problem {
  return new Problem(501, { type: "not-implemented", detail });
}

/** 503: try again. Clients read `reason` and `retry_after_seconds`; `Retry-After` says the same to proxies. */
export function unavailable(options: {
  type?: string;
  detail: string;
  reason: string;
  retryAfterSeconds: number;
}): Problem {
  const { type, detail, reason, retryAfterSeconds } = options;
  return new Problem(503, {
    type,
    detail,
    extensions: { reason, retry_after_seconds: retryAfterSeconds },
    headers: { "retry-after": String(Math.ceil(retryAfterSeconds)) },
  });
}

/** The body of a problem: RFC 9457, and the `{success, message}` that published clients read. */
export function problemBody(problem: Problem, requestId: string): z.infer<typeof problemSchema> {
  return {
    ...problem.extensions,
    type: PROBLEM_TYPES + problem.type,
    title: problem.title,
    status: problem.status,
    detail: problem.message,
    request_id: requestId,
    success: false,
    message: problem.message,
  };
}

/** The body of a problem, for the OpenAPI document. */
export const problemSchema = z
  .looseObject({
    type: z.url().describe("The kind of problem; leads to its explanation."),
    title: z.string().describe("The kind of problem in words."),
    status: z.int().min(400).max(599).describe("The HTTP status."),
    detail: z.string().describe("What happened this time."),
    request_id: z.string().describe("Finds the request in the logs."),
    success: z.literal(false),
    message: z.string().describe("The same as `detail`."),
    errors: z
      .array(
        z.object({
          path: z.string().describe("JSON pointer to the field; empty for the whole."),
          in: z.enum(["body", "query", "path", "header"]),
          message: z.string(),
          expected: z.string().optional(),
        }),
      )
      .optional()
      .describe("What is wrong with the request, field by field."),
    reason: z.string().optional().describe("Why nothing can be served now."),
    retry_after_seconds: z.number().optional().describe("When to try again."),
  })
  .meta({ id: "Problem", description: "Problem details (RFC 9457)." });
