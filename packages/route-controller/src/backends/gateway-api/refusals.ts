import type { ResolvedRoute, ResolvedRule, Unsupported } from "../backend.ts";
import type { GatewayFeature } from "./capabilities.ts";

/** A field that the Gateway API, or this Gateway, cannot do. */
export interface Refusal extends Unsupported {
  /** Whether the Route still does what it says, and lets in no one else, without the field. */
  mayDegrade: boolean;
}

/** Whether a feature may be relied on. */
export type HasFeature = (feature: GatewayFeature) => boolean;

/** All that a Gateway with these features cannot do of a Route, besides its listeners. */
export function refusalsOf(route: ResolvedRoute, has: HasFeature): Refusal[] {
  const redirects = route.tls?.httpPolicy === "Redirect";
  return [
    ...hostRefusals(route),
    ...lacking(redirects, "spec.tls.httpPolicy", has("HTTPRouteSchemeRedirect")),
    ...authRefusals(route),
    ...route.rules.flatMap((rule, index) => ruleRefusals(rule, `spec.rules[${index}]`, has)),
    ...policyRefusals(route, has),
  ];
}

const noPolicy = "the Gateway API has no field for it";

/** A wildcard would take hosts that are not the Route's, and that may be another's. */
function hostRefusals({ hosts }: ResolvedRoute): Refusal[] {
  return hosts.flatMap((host, index) =>
    host.startsWith("*.")
      ? {
          field: `spec.hosts[${index}]`,
          reason: "a wildcard of the Gateway API stands for any number of labels, not for one",
          mayDegrade: false,
        }
      : [],
  );
}

function authRefusals({ auth }: ResolvedRoute): Refusal[] {
  if (auth.kind === "none" || auth.kind === "target") return [];
  const field = auth.kind === "forward" ? auth.field : auth.kind;
  return [
    {
      field: `spec.auth.${field}`,
      reason: "the Gateway API has no stable field for authentication: use a class with the backend traefik",
      mayDegrade: false,
    },
  ];
}

/** Parts of a rule. Without a condition of a match it would get other requests, so none of them degrades. */
function ruleRefusals(rule: ResolvedRule, path: string, has: HasFeature): Refusal[] {
  return [
    ...rule.matches.flatMap((match, index) => matchRefusals(match, `${path}.matches[${index}]`, has)),
    ...protocolRefusals(rule, path),
    ...redirectRefusals(rule, path, has),
    ...lacking(rule.rewrite, `${path}.rewrite`, has("HTTPRoutePathRewrite")),
    ...lacking(
      rule.headers?.response,
      `${path}.headers.response`,
      has("HTTPRouteResponseHeaderModification"),
    ),
    ...mirrorRefusals(rule, path, has),
  ];
}

function matchRefusals(match: ResolvedRule["matches"][number], path: string, has: HasFeature): Refusal[] {
  const { methods = [], headers = [], query = [] } = match;
  const isRegex = ({ type }: { type?: string }) => type === "Regex";
  return [
    ...lacking(match.path && isRegex(match.path), `${path}.path.type`, has("PathRegularExpression")),
    ...lacking(methods.length > 0, `${path}.methods`, has("HTTPRouteMethodMatching")),
    ...lacking(headers.some(isRegex), `${path}.headers`, has("HeaderRegularExpression")),
    ...lacking(query.length > 0, `${path}.query`, has("HTTPRouteQueryParamMatching")),
    ...lacking(query.some(isRegex), `${path}.query`, has("QueryRegularExpression")),
    ...precedenceRefusals(match, path, has),
  ];
}

/** Where they count as much as a part of the path, the match would get requests for longer paths of others. */
function precedenceRefusals(
  { path, methods = [], headers = [] }: ResolvedRule["matches"][number],
  at: string,
  has: HasFeature,
): Refusal[] {
  const isAlone = path === undefined || path.value === "/" || path.type === "Exact";
  if (isAlone || has("PathPrecedence")) return [];
  const reason =
    "this Gateway would prefer the match to those with longer paths: use a path of type Exact, or a class with the backend traefik";
  const asked = { methods, headers };
  return (["methods", "headers"] as const)
    .filter((field) => asked[field].length > 0)
    .map((field) => ({ field: `${at}.${field}`, reason, mayDegrade: false }));
}

/** How a Service is spoken to is said by the Service there, or by a policy of its own, and not by the route. */
function protocolRefusals({ targets }: ResolvedRule, path: string): Refusal[] {
  return targets.flatMap(({ protocol }, index) =>
    protocol === "http"
      ? []
      : {
          field: `${path}.targets[${index}].protocol`,
          reason: `an HTTPRoute cannot say that a target speaks ${protocol}`,
          mayDegrade: false,
        },
  );
}

const codeFeatures: Readonly<Partial<Record<number, GatewayFeature>>> = {
  303: "HTTPRoute303RedirectStatusCode",
  307: "HTTPRoute307RedirectStatusCode",
  308: "HTTPRoute308RedirectStatusCode",
};

function redirectRefusals({ redirect }: ResolvedRule, path: string, has: HasFeature): Refusal[] {
  if (!redirect) return [];
  const codeFeature = codeFeatures[redirect.statusCode ?? 302];
  return [
    ...lacking(redirect.scheme, `${path}.redirect.scheme`, has("HTTPRouteSchemeRedirect")),
    ...lacking(redirect.port, `${path}.redirect.port`, has("HTTPRoutePortRedirect")),
    ...lacking(redirect.path, `${path}.redirect.path`, has("HTTPRoutePathRedirect")),
    ...lacking(redirect.prefix, `${path}.redirect.prefix`, has("HTTPRoutePathRedirect")),
    ...lacking(codeFeature, `${path}.redirect.statusCode`, codeFeature !== undefined && has(codeFeature)),
  ];
}

function mirrorRefusals({ mirror }: ResolvedRule, path: string, has: HasFeature): Refusal[] {
  if (!mirror) return [];
  const percentage = mirror.percent < 100;
  return [
    ...lacking(mirror, `${path}.mirror`, has("HTTPRouteRequestMirror"), "may degrade"),
    ...lacking(percentage, `${path}.mirror.percent`, has("HTTPRouteRequestPercentageMirror"), "may degrade"),
  ];
}

function policyRefusals({ policy }: ResolvedRoute, has: HasFeature): Refusal[] {
  const { timeouts, retry } = policy;
  const path = "spec.policy";
  const never = (value: unknown, field: string, mayDegrade: boolean, reason = noPolicy): Refusal[] =>
    value === undefined ? [] : [{ field: `${path}.${field}`, reason, mayDegrade }];
  return [
    ...never(policy.ipAllow, "ipAllow", false),
    ...never(policy.bodyLimit, "bodyLimit", false),
    ...lacking(policy.cors, `${path}.cors`, has("HTTPRouteCORS"), "may degrade"),
    ...never(policy.rateLimit, "rateLimit", true),
    ...lacking(timeouts?.request, `${path}.timeouts.request`, has("HTTPRouteRequestTimeout"), "may degrade"),
    ...never(timeouts?.backend, "timeouts.backend", true, "its timeout is for the whole answer of a target"),
    ...never(timeouts?.idle, "timeouts.idle", true),
    ...never(timeouts?.tunnel, "timeouts.tunnel", true),
    ...lacking(retry, `${path}.retry`, has("HTTPRouteRetryConnectionError"), "may degrade"),
    ...lacking(
      retry?.initialInterval,
      `${path}.retry.initialInterval`,
      has("HTTPRouteRetryBackoff"),
      "may degrade",
    ),
    ...never(policy.sticky, "sticky", true, "the Gateway API has no stable field for it"),
    ...never(policy.compression, "compression", true),
    ...never(policy.circuitBreaker, "circuitBreaker", true),
  ];
}

/** The refusal of a field that is there while the feature for it is not. */
function lacking(value: unknown, field: string, hasFeature: boolean, degrades?: "may degrade"): Refusal[] {
  if (!value || hasFeature) return [];
  return [{ field, reason: "this Gateway cannot do it", mayDegrade: degrades !== undefined }];
}
