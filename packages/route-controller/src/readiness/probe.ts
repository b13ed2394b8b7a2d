import { type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { TLSSocket } from "node:tls";
import { certificateFaultOf } from "./certificate-fault.ts";
import { type Answered, leadsToSignIn, type ProbeAnswer } from "./probe-answer.ts";
import type { ProbeRequest } from "./probe-plan.ts";

const timeoutMs = 5_000;
/** Enough to tell Traefik's own answers from others. */
const longestBodyBytes = 64;
/** Applications often lead from their root to their start page before they ask who is there. */
const mostRedirects = 3;

/** How TLS says that a certificate is missing: TLS 1.3, and what 1.2 has for it. */
const certificateRequired = [
  "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
  "ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE",
  "ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE",
  "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE",
  "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
];

/**
 * Sends a request through one replica, over a connection of its own, whatever its host resolves to. Redirects
 * within the host are followed through the same replica, except to where one signs in. A certificate ends nothing, and
 * whoever signed it is trusted: with another name, or too old, it is named in the answer. Never throws.
 * @param origin of the entry point of the replica.
 */
export async function probe(
  origin: string,
  request: ProbeRequest,
  signal: AbortSignal,
): Promise<ProbeAnswer> {
  let next = request;
  for (let redirects = 0; ; redirects++) {
    const answer = await send(origin, next, signal);
    const path = redirects < mostRedirects && pathWithin(next, answer);
    if (!path || path === next.path) return answer;
    next = { ...next, path };
  }
}

/** Where an answer leads within the same host; undefined when it does not, or leads to where one signs in. */
function pathWithin({ scheme, host, path }: ProbeRequest, answer: ProbeAnswer): string | undefined {
  if (answer.kind !== "answered" || answer.status < 300 || answer.status > 399) return undefined;
  if (!answer.location || leadsToSignIn(answer.location)) return undefined;
  const base = `${scheme}://${host}`;
  const target = URL.parse(answer.location, `${base}${path}`);
  const isBelow =
    target?.origin === new URL(base).origin && target.pathname.startsWith(path.split("?")[0] ?? "/");
  return isBelow ? `${target.pathname}${target.search}` : undefined;
}

function send(origin: string, request: ProbeRequest, signal: AbortSignal): Promise<ProbeAnswer> {
  const { hostname, port } = new URL(origin);
  const options = {
    hostname: hostname.replace(/^\[|\]$/g, ""),
    port,
    method: request.method,
    path: request.path,
    headers: {
      ...request.headers,
      host: request.host,
      "user-agent": "datalayer-route-controller",
      connection: "close",
    },
    agent: false,
    servername: request.host,
    rejectUnauthorized: false,
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  } as const;
  return new Promise((resolve) => {
    const sent: ClientRequest = request.scheme === "https" ? requestHttps(options) : requestHttp(options);
    sent.on("error", (error: NodeJS.ErrnoException) => {
      resolve(failureOf(error));
    });
    sent.on("response", (response) => {
      const certificateFault = faultOf(response, request.host);
      beginningOf(response).then(
        (body) => {
          const { statusCode: status = 0, headers } = response;
          const location = headers.location !== undefined && { location: headers.location };
          sent.destroy();
          resolve({ kind: "answered", status, body, ...location, ...certificateFault });
        },
        (error: unknown) => {
          resolve(failureOf(error as Error));
        },
      );
    });
    sent.end();
  });
}

function faultOf({ socket }: IncomingMessage, host: string): Pick<Answered, "certificateFault"> {
  const shown = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  const certificateFault = shown && certificateFaultOf(shown, host, new Date());
  return certificateFault === undefined ? {} : { certificateFault };
}

function failureOf(error: NodeJS.ErrnoException): ProbeAnswer {
  const { code = "", message } = error;
  return certificateRequired.includes(code) ? { kind: "certificate required" } : { kind: "failed", message };
}

async function beginningOf(response: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of response) {
    body += String(chunk);
    if (body.length >= longestBodyBytes) break;
  }
  return body.slice(0, longestBodyBytes);
}
