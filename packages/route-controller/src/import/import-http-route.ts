import type { HttpRoute, HttpRouteRule } from "@datalayer/shared/crds/gateway-api";
import { Route, type RouteSpec } from "@datalayer/shared/crds/route";
import type { Manifest } from "@datalayer/shared/kube/object";
import type { Unsupported } from "../backends/backend.ts";
import { importFilters } from "./import-filters.ts";
import { importMatches } from "./import-matches.ts";
import { importTargets } from "./import-targets.ts";

/** What an HTTPRoute leaves to its Gateway, and a Route says itself. */
export interface ImportOptions {
  /** Who may come in: an HTTPRoute never says. */
  auth: RouteSpec["auth"];
  /** Default: that of Routes that name none. */
  routeClassName?: string;
  /** The hosts where the HTTPRoute names none, which stands for all hosts there. */
  hosts?: readonly string[];
  /** Takes wildcards, which stand for any number of labels there, and for one in a Route. Default: they are refused. */
  withWildcards?: boolean;
  /** Where HTTPS is served by a listener of the Gateway. */
  tls?: RouteSpec["tls"];
}

/** A Route that does the same, or what of the HTTPRoute no Route can do. */
export type Import = { route: Manifest<Route> } | { unsupported: readonly Unsupported[] };

/** One part of an import: collects what cannot be done by the path of its field. */
export type Refuse = (field: string, reason: string) => void;

/** Most rules of a Route. */
const maxRules = 32;

/**
 * Makes a Route of an HTTPRoute, of the same namespace and name. Nothing is left out silently: what a Route cannot do
 * refuses the whole. Pure: whether Services are there, the Route says.
 */
export function importHttpRoute(httpRoute: HttpRoute, options: ImportOptions): Import {
  const unsupported: Unsupported[] = [];
  const refuse: Refuse = (field, reason) => unsupported.push({ field, reason });
  const spec = importSpec(httpRoute, options, refuse);
  if (unsupported.length > 0) return { unsupported };
  const { namespace = "", name } = httpRoute.metadata;
  return { route: { apiVersion: Route.apiVersion, kind: Route.kind, metadata: { namespace, name }, spec } };
}

function importSpec({ metadata, spec }: HttpRoute, options: ImportOptions, refuse: Refuse): RouteSpec {
  const { hostnames = [], rules = [{}] } = spec;
  const { routeClassName, tls, auth } = options;
  const hosts = hostnames.length > 0 ? hostnames : (options.hosts ?? []);
  if (hosts.length === 0) refuse("spec.hostnames", "a Route names its hosts, and is never for all of them");
  refuseWildcards(hostnames, options, refuse);
  if (rules.length > maxRules) refuse("spec.rules", `a Route has at most ${maxRules} rules`);
  const { namespace = "" } = metadata;
  return {
    ...(routeClassName !== undefined && { routeClassName }),
    hosts: [...hosts],
    ...(tls && { tls }),
    auth,
    rules: rules.map((rule, index) => importRule(rule, { index, namespace, refuse })),
  };
}

function refuseWildcards(
  hostnames: readonly string[],
  { withWildcards = false }: ImportOptions,
  refuse: Refuse,
): void {
  if (withWildcards) return;
  for (const [index, name] of hostnames.entries())
    if (name.startsWith("*."))
      refuse(
        `spec.hostnames[${index}]`,
        `${name} stands for any number of labels, and in a Route for one: name the hosts, or import it with --wildcards`,
      );
}

/** What a Route says for all its rules, if it can say it at all. */
const notPerRule = ["timeouts", "retry", "sessionPersistence"] as const;

function importRule(
  rule: HttpRouteRule,
  { index, namespace, refuse }: { index: number; namespace: string; refuse: Refuse },
): RouteSpec["rules"][number] {
  const path = `spec.rules[${index}]`;
  const { name = `rule-${index}`, matches = [], filters = [], backendRefs = [] } = rule;
  const changes = importFilters(filters, { field: `${path}.filters`, namespace, refuse });
  for (const field of notPerRule)
    if (rule[field]) refuse(`${path}.${field}`, "a Route says it for all its rules, in spec.policy");
  const targets = importTargets(backendRefs, { path: `${path}.backendRefs`, namespace, refuse });
  if (targets.length + Number(changes.redirect !== undefined) === 0)
    refuse(`${path}.backendRefs`, "a rule of a Route has a target or redirects");
  return {
    name,
    ...(matches.length > 0 && { matches: importMatches(matches, `${path}.matches`, refuse) }),
    ...(targets.length > 0 && { targets }),
    ...changes,
  };
}
