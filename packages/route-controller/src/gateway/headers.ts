import { passHeader } from "../route/pass.ts";

/**
 * Headers of one connection, which end at each hop (RFC 9110, 7.6.1), `Expect`, which the gateway answers, and the pass,
 * which is for the gateway.
 */
const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "expect",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  passHeader.toLowerCase(),
]);

/** What the gateway knows of a client. */
export interface ForwardedFor {
  /** Address of the peer. */
  peer: string;
  /** Whether the peer is a proxy whose own headers are kept. */
  trusted: boolean;
  host: string | undefined;
  /** What the `Connection` header names. */
  connection: string | undefined;
}

/**
 * The headers of a request as the runtime gets them, names and values in turn. Those of the connection are left
 * out, and whatever says where the request comes from is written anew, unless a trusted proxy wrote it.
 */
export function requestHeaders(raw: readonly string[], client: ForwardedFor): string[] {
  const named = namesIn(client.connection);
  const headers: string[] = [];
  const forwardedFor: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const [name, value] = [textAt(raw, index), textAt(raw, index + 1)];
    const lower = name.toLowerCase();
    if (hopByHop.has(lower) || named?.has(lower)) continue;
    if (!saysOrigin(lower)) headers.push(name, value);
    else if (!client.trusted) continue;
    else if (lower === "x-forwarded-for") forwardedFor.push(value);
    // `Forwarded` says the same in another form, which would contradict what is added here.
    else if (lower !== "forwarded") headers.push(name, value);
  }
  headers.push("X-Forwarded-For", [...forwardedFor, client.peer].join(", "));
  return client.trusted ? headers : headers.concat(originOf(client));
}

function textAt(raw: readonly string[], index: number): string {
  return raw[index] ?? "";
}

function originOf({ host }: ForwardedFor): string[] {
  return host === undefined
    ? ["X-Forwarded-Proto", "http"]
    : ["X-Forwarded-Proto", "http", "X-Forwarded-Host", host];
}

/** The headers of an answer as the client gets them, names and values in turn. */
export function responseHeaders(raw: readonly Buffer[]): string[] {
  const headers: string[] = [];
  let connection: string | undefined;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]?.toString("latin1") ?? "";
    const value = raw[index + 1]?.toString("latin1") ?? "";
    const lower = name.toLowerCase();
    if (lower === "connection") connection = connection === undefined ? value : `${connection},${value}`;
    if (!hopByHop.has(lower)) headers.push(name, value);
  }
  const named = namesIn(connection);
  return named ? without(headers, named) : headers;
}

/** Also with underscores: many servers cannot tell these from hyphens. */
function saysOrigin(lower: string): boolean {
  const first = lower.charCodeAt(0);
  if (first !== 0x78 && first !== 0x66) return false;
  return /^(?:x[-_]forwarded[-_]|x[-_]real[-_]ip$|forwarded$)/.test(lower);
}

/** What is to be left out beside the usual; undefined when nothing is, as nearly always. */
function namesIn(connection: string | undefined): Set<string> | undefined {
  if (connection === undefined || connection === "keep-alive" || connection === "close") return undefined;
  return new Set(connection.split(",").map((name) => name.trim().toLowerCase()));
}

function without(headers: readonly string[], names: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    const name = textAt(headers, index);
    if (!names.has(name.toLowerCase())) kept.push(name, textAt(headers, index + 1));
  }
  return kept;
}
