import type { ResolvedMatch, ResolvedRoute } from "../backends/backend.ts";

/** A request without credentials that a Route is for. */
export interface ProbeRequest {
  scheme: "http" | "https";
  host: string;
  method: string;
  /** With the query. */
  path: string;
  headers: Readonly<Record<string, string>>;
}

/** Who has to refuse a request without credentials: nobody, the data plane, the target, or the TLS handshake. */
export type RefusedBy = "nobody" | "data plane" | "target" | "handshake";

/** How a Route is tried, or why it cannot be. */
export type ProbePlan = { request: ProbeRequest; refusedBy: RefusedBy } | { impossible: string };

/** Methods that change nothing, should the target get the request after all. */
const safeMethods = ["GET", "HEAD", "OPTIONS"];
/** Stands for the one label that a wildcard leaves open. */
const anyLabel = "datalayer-probe";

/** Chooses the request: of the first match that a plain request with a safe method can have. */
export function planProbe(route: ResolvedRoute): ProbePlan {
  const [host = ""] = route.hosts;
  for (const rule of route.rules) {
    for (const match of rule.matches) {
      const fitting = requestFor(match);
      if (!fitting) continue;
      const scheme = route.tls ? "https" : "http";
      const path = route.auth.kind === "target" ? (route.auth.path ?? fitting.path) : fitting.path;
      const request = { scheme, host: host.replace(/^\*/, anyLabel), ...fitting, path } as const;
      return { request, refusedBy: refusedBy(route.auth.kind) };
    }
  }
  return {
    impossible:
      "no match fits a request that can be made up: one with a plain path, GET, HEAD or OPTIONS, and no regular expressions",
  };
}

function requestFor(match: ResolvedMatch): Pick<ProbeRequest, "method" | "path" | "headers"> | undefined {
  const { path, headers = [], query = [] } = match;
  const method = safeMethodOf(match);
  const isPlain = [path, ...headers, ...query].every((one) => one?.type !== "Regex");
  if (method === undefined || !isPlain) return undefined;
  const pairs = query.map(({ name, value }): [string, string] => [name, value]);
  const search = pairs.length > 0 ? `?${new URLSearchParams(pairs).toString()}` : "";
  return {
    method,
    path: `${path?.value ?? "/"}${search}`,
    headers: Object.fromEntries(headers.map(({ name, value }) => [name.toLowerCase(), value])),
  };
}

function safeMethodOf({ methods = [] }: ResolvedMatch): string | undefined {
  return methods.length === 0 ? "GET" : safeMethods.find((one) => methods.some((each) => each === one));
}

function refusedBy(kind: ResolvedRoute["auth"]["kind"]): RefusedBy {
  switch (kind) {
    case "none":
      return "nobody";
    case "target":
      return "target";
    case "clientCert":
      return "handshake";
    case "forward":
    case "basic":
      return "data plane";
  }
}
