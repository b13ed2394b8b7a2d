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
 * Chooses the request: of the first match that a request with a safe method can have; or else, where a request without
 * credentials cannot reach the target, of the first that one with any method can have.
 */
export function planProbe(route: ResolvedRoute): ProbePlan {
  const [host = ""] = route.hosts;
  const by = refusedBy(route.auth.kind);
  const matches = route.rules.flatMap((rule) => rule.matches);
  const fitting = firstOf(matches, safeMethodOf) ?? firstOf(matches, methodRefusedBy(route.auth));
  if (!fitting)
    return {
      refusedBy: by,
      impossible:
        "every match is for methods that may change something, or has an expression that no text was found for",
    };
  const scheme = route.tls ? "https" : "http";
  const path = route.auth.kind === "target" ? (route.auth.path ?? fitting.path) : fitting.path;
  return { refusedBy: by, request: { scheme, host: host.replace(/^\*/, anyLabel), ...fitting, path } };
}

type MethodOf = (match: ResolvedMatch) => string | undefined;
type Fitting = Pick<ProbeRequest, "method" | "path" | "headers">;

function firstOf(matches: readonly ResolvedMatch[], methodOf: MethodOf): Fitting | undefined {
  for (const match of matches) {
    const fitting = requestFor(match, methodOf(match));
    if (fitting) return fitting;
  }
  return undefined;
}

function requestFor(match: ResolvedMatch, method: string | undefined): Fitting | undefined {
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

function safeMethodOf({ methods = [] }: ResolvedMatch): string | undefined {
  if (methods.length === 0) return "GET";
  return safeMethods.find((one) => methods.some((each) => each === one));
}

/**
 * The methods by which nothing without credentials gets as far as the target. What `auth.forward` asks is the Route's own,
 * and may let strangers in. A connection that is refused has no request yet.
 */
function methodRefusedBy(auth: ResolvedRoute["auth"]): MethodOf {
  if (auth.kind === "clientCert") return () => "GET";
  const isRefused = auth.kind === "basic" || (auth.kind === "forward" && auth.field !== "forward");
  return ({ methods = [] }) => (isRefused ? methods[0] : undefined);
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
