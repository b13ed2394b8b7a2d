import type { ResolvedMatch } from "../backend.ts";

/**
 * The one way by which text of users gets into a rule. Traefik reads rules as Go expressions; in a raw string there
 * nothing needs or has an escape, so what would end one, or means something elsewhere, cannot be quoted at all.
 *
 * @throws RangeError when {@link quotingFault} has something to say on the text.
 */
export function quoted(text: string): string {
  const fault = quotingFault(text);
  if (fault !== undefined) throw new RangeError(`${JSON.stringify(text)} ${fault}`);
  return `\`${text}\``;
}

/** Why a text may not be part of a rule, as the end of a sentence; undefined when it may. */
export function quotingFault(text: string): string | undefined {
  if (text === "") return "is empty";
  if (/[`"'\\{}]/.test(text)) return "holds a quote, a backtick, a backslash or a brace";
  return /^[ -~]+$/.test(text) ? undefined : "holds something else than printable ASCII";
}

/** What a rule asks of requests besides the match. */
export interface RuleContext {
  /** At least one. */
  hosts: readonly string[];
  /** Whether browsers ask first what pages of other origins may do: they ask by OPTIONS. */
  withPreflight: boolean;
  /** Whether paths under which certificates are proven are somebody else's. */
  withoutChallenges: boolean;
  /** What the rule has to show; see {@link markOf}. */
  mark: string;
}

/** The rule of one router. */
export function ruleText(match: ResolvedMatch, context: RuleContext): string {
  return [
    anyOf(context.hosts.map((host) => call("Host", host))),
    ...pathClauses(match, context),
    ...methodClauses(match, context),
    ...(match.headers ?? []).map((header) => conditionClause("Header", header)),
    ...(match.query ?? []).map((parameter) => conditionClause("Query", parameter)),
    `!${call("ClientIP", context.mark)}`,
  ].join(" && ");
}

/**
 * A condition that holds for every request, and shows in Traefik's API which configuration it serves: what follows
 * the rule - targets, weights, time limits - the API does not tell. No client has an address of 2001:db8::/32 (RFC
 * 3849), and Traefik takes the address of the connection, which no header can change.
 *
 * @param hash - at least 24 hexadecimal digits.
 */
export function markOf(hash: string): string {
  return ["2001", "db8", ...(hash.slice(0, 24).match(/.{4}/g) ?? [])].join(":");
}

/** Whether a rule shows a mark: then it is of our making. */
export function isMarked(rule: string): boolean {
  return rule.includes("!ClientIP(`2001:db8:");
}

/** A path without the slash at its end: of prefixes, `/a` and `/a/` are the same. */
export function prefixOf(value: string): string {
  return value.replace(/\/+$/, "");
}

const challenges = "/.well-known/acme-challenge/";

function pathClauses({ path }: ResolvedMatch, { withoutChallenges }: RuleContext): string[] {
  const type = path?.type ?? "Prefix";
  const value = path?.value ?? "/";
  if (type === "Exact") return [call("Path", value)];
  const clauses = type === "Regex" ? [call("PathRegexp", whole(value))] : prefixClauses(prefixOf(value));
  const mayTakeThem = withoutChallenges && (type === "Regex" || challenges.startsWith(`${prefixOf(value)}/`));
  return mayTakeThem ? [...clauses, `!${call("PathPrefix", challenges)}`] : clauses;
}

// By segments: Traefik's own PathPrefix lets /rt1 reach /rt10.
function prefixClauses(prefix: string): string[] {
  return prefix === "" ? [] : [anyOf([call("Path", prefix), call("PathPrefix", `${prefix}/`)])];
}

function methodClauses({ methods = [] }: ResolvedMatch, { withPreflight }: RuleContext): string[] {
  if (methods.length === 0) return [];
  const clauses = methods.map((method) => call("Method", method));
  return [anyOf(withPreflight && !methods.includes("OPTIONS") ? [...clauses, preflight] : clauses)];
}

// Exactly what the middleware for CORS answers itself; it never reaches the target.
const preflight =
  "(Method(`OPTIONS`) && HeaderRegexp(`Origin`, `.`) && HeaderRegexp(`Access-Control-Request-Method`, `.`))";

function conditionClause(
  kind: "Header" | "Query",
  { name, type, value }: { name: string; type?: "Exact" | "Regex"; value: string },
): string {
  return type === "Regex" ? call(`${kind}Regexp`, name, whole(value)) : call(kind, name, value);
}

/** Traefik looks for the expression anywhere in the text. */
function whole(expression: string): string {
  return `^(?:${expression})$`;
}

function call(matcher: string, ...texts: string[]): string {
  return `${matcher}(${texts.map(quoted).join(", ")})`;
}

function anyOf(clauses: readonly string[]): string {
  return clauses.length === 1 ? clauses.join() : `(${clauses.join(" || ")})`;
}
