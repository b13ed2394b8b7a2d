import type { RouteClass } from "@datalayer/shared/crds/route-class";
import { IngressRoute, type TraefikRoute } from "@datalayer/shared/crds/traefik";
import { highestPriority } from "../../route/matching.ts";
import { nameOf } from "../../route/names.ts";
import type { ResolvedMatch, ResolvedRoute, ResolvedRule } from "../backend.ts";
import { middlewaresOf } from "./middlewares.ts";
import type { NamedParts } from "./objects.ts";
import { redirectToHttps } from "./rewrites.ts";
import { markOf, ruleText } from "./rule-text.ts";
import { servicesOf } from "./targets.ts";

/** An IngressRoute before its metadata. */
interface RouterSet {
  name: string;
  spec: IngressRoute["spec"];
}

/** What the routers of one entry point do with the requests that fit. */
interface Handling {
  route: ResolvedRoute;
  parts: NamedParts;
  /** `redirect` sends them to HTTPS. */
  action: "serve" | "redirect";
  withoutChallenges: boolean;
  /** What every rule shows; see {@link markOf}. */
  mark: string;
}

/**
 * The IngressRoutes of a Route: one for each of the entry points that serve it.
 * @param hash - of the whole configuration, for the rules to show; see {@link markOf}.
 */
export function routerSets(
  route: ResolvedRoute,
  routeClass: RouteClass,
  parts: NamedParts,
  hash: string,
): RouterSet[] {
  const { traefik } = routeClass.spec;
  const { http = "web", https = "websecure" } = traefik?.entryPoints ?? {};
  const { tls } = route;
  const mark = markOf(hash);
  const ingressClass = traefik?.ingressClass;
  const setOf = (role: string, entryPoint: string, handling: Omit<Handling, "route" | "parts" | "mark">) => ({
    name: nameOf(route.uid, IngressRoute.kind, role),
    spec: {
      ...(ingressClass !== undefined && { ingressClassName: ingressClass }),
      entryPoints: [entryPoint],
      routes: routersOf({ ...handling, route, parts, mark }),
    },
  });
  if (!tls) return [setOf("http", http, { action: "serve", withoutChallenges: false })];
  const secure = setOf("https", https, { action: "serve", withoutChallenges: false });
  const sets = [{ ...secure, spec: { ...secure.spec, tls: tlsOf(route, tls.secretName, parts) } }];
  if (tls.httpPolicy === "Deny") return sets;
  const action = tls.httpPolicy === "Allow" ? "serve" : "redirect";
  return [...sets, setOf("http", http, { action, withoutChallenges: true })];
}

function tlsOf({ auth }: ResolvedRoute, secretName: string, parts: NamedParts) {
  if (auth.kind !== "clientCert") return { secretName };
  const name = parts.tlsOption({
    clientAuth: { secretNames: [auth.caSecretName], clientAuthType: "RequireAndVerifyClientCert" },
  });
  return { secretName, options: { name } };
}

/** A router for each match; of hosts with a wildcard, one more, which comes after those of exact hosts. */
function routersOf(handling: Handling): TraefikRoute[] {
  const { hosts, rules } = handling.route;
  const exact = hosts.filter((host) => !host.startsWith("*."));
  const wildcards = hosts.filter((host) => host.startsWith("*."));
  const both = [
    { of: exact, above: highestPriority },
    { of: wildcards, above: 0 },
  ];
  return rules.flatMap((rule) =>
    rule.matches.flatMap((match) =>
      both
        .filter(({ of }) => of.length > 0)
        .map(({ of, above }) => ({
          kind: "Rule" as const,
          match: ruleText(match, { ...contextOf(handling), hosts: of }),
          priority: above + match.priority,
          ...destination(handling, rule, match),
        })),
    ),
  );
}

function contextOf({ route, action, withoutChallenges, mark }: Handling) {
  const withPreflight = action === "serve" && route.policy.cors !== undefined;
  return { withPreflight, withoutChallenges, mark };
}

function destination(
  { route, parts, action }: Handling,
  rule: ResolvedRule,
  match: ResolvedMatch,
): Pick<TraefikRoute, "middlewares" | "services"> {
  const redirects = action === "redirect";
  const specs = redirects ? [redirectToHttps] : middlewaresOf(route, rule, match);
  const middlewares = specs.map((spec) => ({ name: parts.middleware(spec) }));
  const services = servicesOf(route, redirects ? { ...rule, redirect: { scheme: "https" } } : rule, parts);
  return { ...(middlewares.length > 0 && { middlewares }), services };
}
