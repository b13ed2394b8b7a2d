import { retryAfterMs } from "@datalayer/shared/kube/retry";
import { ForbiddenAddressError } from "@datalayer/shared/http/guarded-agent";
import { type Dispatcher, request } from "undici";
import { RegistryError } from "./registry-error.ts";

/** One request to a registry, or to what gives out its tokens. */
export interface Exchange {
  method: "GET" | "HEAD" | "PUT" | "DELETE" | "POST";
  url: string;
  headers?: Readonly<Record<string, string>>;
  body?: Buffer | string;
  dispatcher: Dispatcher;
  signal?: AbortSignal;
}

/** What came back, whole. */
export interface Answer {
  status: number;
  headers: Readonly<Record<string, string | undefined>>;
  body: Buffer;
}

const timeoutMs = 30_000;
/** What is read here are manifests, configurations and lists, never layers. */
const longestBodyBytes = 4 * 1024 * 1024;
const mostRedirects = 3;
/** What certificates and names are found wrong with, as OpenSSL, undici and the resolver name it. */
const lasting = /^(?:CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|ERR_TLS|ERR_SSL|EPROTO|ENOTFOUND)/;

/**
 * Carries out one request.
 * @throws RegistryError when there is no whole answer.
 */
export async function exchange(asked: Exchange): Promise<Answer> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = asked.signal ? AbortSignal.any([asked.signal, timeout]) : timeout;
  try {
    return await follow({ ...asked, signal });
  } catch (error) {
    asked.signal?.throwIfAborted();
    throw error instanceof RegistryError ? error : failureOf(error, asked.url);
  }
}

/** Registries send whoever wants content to where it is stored. Credentials stay behind, and TLS is kept. */
async function follow(asked: Exchange): Promise<Answer> {
  let { url, headers } = asked;
  for (let hops = 0; ; hops++) {
    const answer = await once({ ...asked, url, headers });
    const location = answer.headers["location"];
    if (asked.method !== "GET" || answer.status < 301 || answer.status > 308 || location === undefined)
      return answer;
    const next = new URL(location, url);
    if (hops === mostRedirects || !keepsTls(url, next))
      throw new RegistryError("refused", `${hostOf(url)} leads to ${next.origin}, which is not followed`);
    if (next.host !== new URL(url).host) headers = withoutCredentials(headers);
    url = next.href;
  }
}

function keepsTls(from: string, to: URL): boolean {
  return to.protocol === "https:" || (to.protocol === "http:" && from.startsWith("http:"));
}

function withoutCredentials(headers: Exchange["headers"]): Exchange["headers"] {
  return Object.fromEntries(Object.entries(headers ?? {}).filter(([name]) => name !== "authorization"));
}

async function once({ url, method, headers, body, dispatcher, signal }: Exchange): Promise<Answer> {
  const answer = await request(url, { method, headers, body, dispatcher, signal });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > longestBodyBytes)
      throw new RegistryError("invalid", `${hostOf(url)} answers with more than ${longestBodyBytes} bytes`);
    chunks.push(chunk);
  }
  return { status: answer.statusCode, headers: single(answer.headers), body: Buffer.concat(chunks) };
}

function single(headers: Dispatcher.ResponseData["headers"]): Answer["headers"] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
  );
}

function failureOf(error: unknown, url: string): RegistryError {
  const reason = error instanceof Error ? error : new Error(String(error));
  const code = "code" in reason ? String(reason.code) : reason.name;
  const isLasting = lasting.test(code) || reason instanceof ForbiddenAddressError;
  const host = hostOf(url);
  if (isLasting) return new RegistryError("refused", `${host}: ${reason.message}`, { cause: error });
  const problem = reason.name === "TimeoutError" ? `no answer within ${timeoutMs / 1000} s` : reason.message;
  return new RegistryError("unavailable", `${host}: ${problem}`, { cause: error });
}

/** The error of an answer that is none of those expected. */
export function refusalOf(
  answer: Answer,
  asked: { what: string; url: string; nowMs: number },
): RegistryError {
  const { status } = answer;
  const waitMs = retryAfterMs(answer.headers["retry-after"], undefined, asked.nowMs);
  const isPassing = status === 408 || status === 429 || status >= 500;
  const said = messageIn(answer.body);
  return new RegistryError(
    isPassing ? "unavailable" : "refused",
    `${hostOf(asked.url)} answers ${status} to ${asked.what}${said === undefined ? "" : `: ${said}`}`,
    { status, ...(waitMs !== undefined && { retryAfterMs: waitMs }) },
  );
}

/** What the registry itself says is wrong, as the distribution specification has it. */
function messageIn(body: Buffer): string | undefined {
  try {
    const { errors } = JSON.parse(body.toString("utf8")) as {
      errors?: { code?: string; message?: string }[];
    };
    const [first] = errors ?? [];
    return first && [first.code, first.message].filter(Boolean).join(": ").slice(0, 200);
  } catch {
    return undefined;
  }
}

function hostOf(url: string): string {
  return new URL(url).host;
}
