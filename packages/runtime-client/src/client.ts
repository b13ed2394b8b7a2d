import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./generated/api.ts";
import { retryingFetch, type RetryOptions } from "./retrying-fetch.ts";

/** The wish for a runtime. */
export type Claim = components["schemas"]["ClaimInput"];

/** A runtime that a user has. */
export type Runtime = components["schemas"]["Runtime"];

/** Why a request was refused (RFC 9457). */
export type Problem = components["schemas"]["Problem"];

/** The REST API, typed by its OpenAPI document: `client.GET("/api/operator/v1/runtimes")`. */
export type RuntimeClient = Client<paths>;

/** Where the API is and how to get in. */
export interface RuntimeClientOptions extends RetryOptions {
  /** The URL of the Service, without the path of the API: `http://datalayer-operator-svc:2111`. */
  baseUrl: string;
  /** Answers with the key of now. Asked for each request, so that a key can be replaced while the client lives. */
  apiKey: () => string | Promise<string>;
}

/**
 * Makes a client of the runtime-controller's REST API. Requests that meet 502, 503, 504 or a broken connection are
 * repeated; every POST carries an `Idempotency-Key` made once for its call, so that a repeated claim gets the same
 * runtime. Answers are `{ data, error, response }`; {@link dataOf} turns refusals into errors.
 */
export function createRuntimeClient(options: RuntimeClientOptions): RuntimeClient {
  return createClient<paths>({ baseUrl: options.baseUrl, fetch: retryingFetch(options) });
}

/** A request that the API refused. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly status: number;
  /** What the API said; absent where something in between answered. */
  readonly problem: Problem | undefined;

  constructor(response: Response, problem: Problem | undefined) {
    super(`${response.status}: ${problem?.detail ?? response.statusText}`);
    this.status = response.status;
    this.problem = problem;
  }
}

/** What a call answers. */
interface Answer<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/**
 * The data of an answer.
 * @throws RefusedError when the request was refused.
 */
export async function dataOf<Data>(call: Promise<Answer<Data>>): Promise<NonNullable<Data>> {
  const { data, error, response } = await call;
  if (data !== undefined && data !== null) return data;
  throw new RefusedError(response, isProblem(error) ? error : undefined);
}

function isProblem(error: unknown): error is Problem {
  return typeof error === "object" && error !== null && "type" in error && "detail" in error;
}
