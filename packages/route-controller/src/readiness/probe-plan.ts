import type { ResolvedMatch, ResolvedRoute } from "../backends/backend.ts";
import { pathFault } from "../route/spec-fault.ts";
import { sampleOf } from "./sample-text.ts";

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
export type ProbePlan = { refusedBy: RefusedBy } & ({ request: ProbeRequest } | { impossible: string });

/** Methods that change nothing, should the target get the request after all. */
const safeMethods = ["GET", "HEAD", "OPTIONS"];
/** Stands for the one label that a wildcard leaves open. */
const anyLabel = "datalayer-probe";

/**
 * Chooses the request: of the first match that one with a safe method can have. Whether strangers are refused is what it
 * is to find out, so that none may do harm where they are not.
 */
export function planProbe(route: ResolvedRoute): ProbePlan {
  const [host = ""] = route.hosts;
  const by = refusedBy(route.auth.kind);
  for (const match of route.rules.flatMap(({ matches }) => matches)) {
    const fitting = requestFor(match, by);
    if (!fitting) continue;
    const scheme = route.tls ? "https" : "http";
    const path = route.auth.kind === "target" ? (route.auth.path ?? fitting.path) : fitting.path;
    const request = { scheme, host: host.replace(/^\*/, anyLabel), ...fitting, path } as const;
    return { refusedBy: by, request };
  }
  return {
    refusedBy: by,
    impossible:
      "every match is for methods that may change something, or has an expression that no text was found for",
  };
}

function requestFor(
  match: ResolvedMatch,
  by: RefusedBy,
): Pick<ProbeRequest, "method" | "path" | "headers"> | undefined {
  const method = safeMethodOf(match, by);
  const { path = anyPath, headers = [], query = [] } = match;
  const pathText = textFor(path, isPath);
  const headerTexts = headers.map(({ name, ...value }) => [
    name.toLowerCase(),
    textFor(value, isHeaderValue),
  ]);
  const queryTexts = query.map(({ name, ...value }) => [name, textFor(value, isAnything)]);
  if (method === undefined || pathText === undefined) return undefined;
  if (!areKnown(headerTexts) || !areKnown(queryTexts)) return undefined;
  const search = queryTexts.length > 0 ? `?${new URLSearchParams(queryTexts).toString()}` : "";
  return { method, path: `${pathText}${search}`, headers: Object.fromEntries(headerTexts) };
}

const anyPath = { type: "Prefix", value: "/" } as const;

function isPath(text: string): boolean {
  return pathFault(text) === undefined;
}

function isHeaderValue(text: string): boolean {
  return /^[!-~]([ -~]*[!-~])?$/.test(text);
}

function isAnything(): boolean {
  return true;
}

/** What is asked for, or a text that the expression finds. */
function textFor(
  { type, value }: { type?: string; value: string },
  isFit: (text: string) => boolean,
): string | undefined {
  return type === "Regex" ? sampleOf(value, isFit) : value;
}

function areKnown(pairs: (string | undefined)[][]): pairs is [string, string][] {
  return pairs.every(([, value]) => value !== undefined);
}

/** A connection that is refused has no request yet, so that any method will do. */
function safeMethodOf({ methods = [] }: ResolvedMatch, by: RefusedBy): string | undefined {
  if (methods.length === 0 || by === "handshake") return "GET";
  return safeMethods.find((one) => methods.some((each) => each === one));
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
