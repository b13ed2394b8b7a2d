import type { Route, RouteMatch } from "@datalayer/shared/crds/route";

/** A path of a match, in the one way to write it. */
export interface PathMatch {
  type: "Exact" | "Prefix" | "Regex";
  value: string;
}

/** Requests that a Route asks for: those of one match, to one host. */
export interface Claim {
  host: string;
  path: PathMatch;
  match: RouteMatch;
}

const longestPath = 1024;
const mostMatches = 256;

/** The path of a match: every path where none is named; a prefix without a slash at its end. */
export function pathOf({ path }: RouteMatch): PathMatch {
  if (!path) return { type: "Prefix", value: "/" };
  const { type = "Prefix", value } = path;
  const isLonger = type === "Prefix" && value.length > 1 && value.endsWith("/");
  return { type, value: isLonger ? value.slice(0, -1) : value };
}

/** The matches of a rule; one that fits every request where it has none. */
export function matchesOf(rule: Route["spec"]["rules"][number]): RouteMatch[] {
  return rule.matches ?? [{}];
}

/** All that a Route asks for. */
export function claimsOf({ spec }: Route): Claim[] {
  const matches = spec.rules.flatMap(matchesOf);
  return spec.hosts.flatMap((host) => matches.map((match) => ({ host, path: pathOf(match), match })));
}

/**
 * Equal for claims on the same path of the same host, in whatever way it is matched. A regular expression counts as
 * the prefix that it begins with.
 */
export function claimKeyOf({ host, path }: Pick<Claim, "host" | "path">): string {
  return `${host} ${literalOf(path).replace(/\/$/, "")}`;
}

/**
 * The priority of a match: an exact path before a longer prefix before a shorter one, then methods, then the number
 * of headers, then that of parameters, then the order in the Route. Between 1 and {@link highestPriority}, and
 * different for any two matches that one request can fit: those of different Routes would be in conflict.
 *
 * @param index - position among all matches of the Route.
 */
export function priorityOf(match: RouteMatch, index: number): number {
  return exactnessOf(match) * mostMatches + mostMatches - Math.min(index, mostMatches - 1);
}

/** No match has a higher priority: a backend may put what must come first above it. */
export const highestPriority = 2 ** 26;

/**
 * Whether one request could fit both matches, and neither is more exact. Both have the same host, and paths with the
 * same {@link claimKeyOf}.
 */
export function collide(one: RouteMatch, other: RouteMatch): boolean {
  return exactnessOf(one) === exactnessOf(other) && !differBySlash(one, other) && !areDisjoint(one, other);
}

function exactnessOf(match: RouteMatch): number {
  const path = pathOf(match);
  const { methods = [], headers = [], query = [] } = match;
  const ofPath = path.type === "Exact" ? longestPath + 1 : literalOf(path).length;
  return ((ofPath * 2 + Math.min(methods.length, 1)) * 9 + headers.length) * 9 + query.length;
}

/** Of an exact path, the slash at its end is a part. */
function differBySlash(one: RouteMatch, other: RouteMatch): boolean {
  const [mine, theirs] = [pathOf(one), pathOf(other)];
  return mine.type === "Exact" && theirs.type === "Exact" && mine.value !== theirs.value;
}

/** A client that sends both values of a header has asked for both, and gets either. */
function areDisjoint(one: RouteMatch, other: RouteMatch): boolean {
  const { methods: mine = [] } = one;
  const { methods: theirs = [] } = other;
  const noMethod = mine.length > 0 && theirs.length > 0 && !mine.some((method) => theirs.includes(method));
  const lower = (name: string): string => name.toLowerCase();
  return (
    noMethod || differ(one.headers, other.headers, lower) || differ(one.query, other.query, (name) => name)
  );
}

type Condition = NonNullable<RouteMatch["headers"]>[number];

/** Whether both name a value of the same thing, and not the same one. */
function differ(
  mine: readonly Condition[] = [],
  theirs: readonly Condition[] = [],
  same: (name: string) => string,
): boolean {
  return mine.some(
    ({ name, type = "Exact", value }) =>
      type === "Exact" &&
      theirs.some(
        (other) =>
          same(other.name) === same(name) && (other.type ?? "Exact") === "Exact" && other.value !== value,
      ),
  );
}

/** The text that every fitting path begins with. */
function literalOf({ type, value }: PathMatch): string {
  if (type !== "Regex") return value;
  if (value.includes("|")) return "";
  const [literal = ""] = /^[^.*+?()[\]^$]*/.exec(value) ?? [];
  // What a quantifier follows may be absent.
  return /^[*?]/.test(value.slice(literal.length)) ? literal.slice(0, -1) : literal;
}
