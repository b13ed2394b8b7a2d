import type { Gateway, GatewayClass } from "@datalayer/shared/crds/gateway-api";

/** Something that an implementation of the Gateway API can do beyond the least that each of them does. */
export type GatewayFeature =
  | "HTTPRouteMethodMatching"
  | "HTTPRouteQueryParamMatching"
  | "HTTPRouteResponseHeaderModification"
  | "HTTPRoutePathRewrite"
  | "HTTPRoutePathRedirect"
  | "HTTPRoutePortRedirect"
  | "HTTPRouteSchemeRedirect"
  | "HTTPRoute303RedirectStatusCode"
  | "HTTPRoute307RedirectStatusCode"
  | "HTTPRoute308RedirectStatusCode"
  | "HTTPRouteRequestMirror"
  | "HTTPRouteRequestPercentageMirror"
  | "HTTPRouteCORS"
  | "HTTPRouteRequestTimeout"
  | "HTTPRouteRetryConnectionError"
  | "HTTPRouteRetryBackoff"
  | UnnamedFeature;

/**
 * What the Gateway API leaves to implementations without a name for it: known of those that are tested here.
 * `PathPrecedence` it does ask of all: the longer path gets a request, whatever else the matches ask for.
 */
type UnnamedFeature =
  "PathRegularExpression" | "HeaderRegularExpression" | "QueryRegularExpression" | "PathPrecedence";

/** A listener of a Gateway, as far as it decides whether a Route can be there. */
export interface GatewayListener {
  name: string;
  protocol: string;
  /** Hosts that it takes; every host without. */
  hostname?: string;
  /** Secrets with its certificates, as `namespace/name`. */
  certificates: readonly string[];
}

/** What a Gateway can do for Routes. */
export interface GatewayApiCapabilities {
  features: ReadonlySet<string>;
  listeners: readonly GatewayListener[];
}

/**
 * What this Gateway can do: the features that its class claims. Of an implementation that is tested here, a feature
 * counts only if it was seen to work: one that is accepted and ignored looks the same in the claims.
 */
export function gatewayApiCapabilities(gatewayClass: GatewayClass, gateway: Gateway): GatewayApiCapabilities {
  const claimed = (gatewayClass.status?.supportedFeatures ?? []).map(({ name }) => name);
  const tested = testedImplementations[gatewayClass.spec.controllerName];
  const features = tested
    ? [...claimed.filter((name) => name in tested), ...unnamedOf(tested)]
    : [...claimed, "PathPrecedence"];
  return { features: new Set(features), listeners: listenersOf(gateway) };
}

/** Those of its features that the Gateway API has a name for, by name. */
export function namedFeatures({ features }: GatewayApiCapabilities): string[] {
  return [...features].filter((name) => !unnamedFeatures.some((one) => one === name)).toSorted();
}

/**
 * Features that Traefik's Gateway provider was seen to have, and the version it was seen in. Timeouts, retries, CORS
 * and mirrors are not here: its API server objects may name them, and nothing comes of it. Neither is precedence by
 * paths, nor expressions for paths: a method or two headers count as much as ten or two characters of a path, the length
 * of an expression as that of a path, and one of the longest host among the hosts.
 */
export const traefikFeatures = {
  HTTPRouteMethodMatching: "3.7.15",
  HTTPRouteQueryParamMatching: "3.7.15",
  HTTPRouteResponseHeaderModification: "3.7.15",
  HTTPRoutePathRewrite: "3.7.15",
  HTTPRoutePathRedirect: "3.7.15",
  HTTPRoutePortRedirect: "3.7.15",
  HTTPRouteSchemeRedirect: "3.7.15",
  HTTPRoute303RedirectStatusCode: "3.7.15",
  HTTPRoute307RedirectStatusCode: "3.7.15",
  HTTPRoute308RedirectStatusCode: "3.7.15",
  HeaderRegularExpression: "3.7.15",
  QueryRegularExpression: "3.7.15",
} satisfies Partial<Record<GatewayFeature, string>>;

const testedImplementations: Readonly<Record<string, Partial<Record<string, string>>>> = {
  "traefik.io/gateway-controller": traefikFeatures,
};

const unnamedFeatures: readonly UnnamedFeature[] = [
  "PathRegularExpression",
  "HeaderRegularExpression",
  "QueryRegularExpression",
  "PathPrecedence",
];

function unnamedOf(tested: Partial<Record<string, string>>): readonly string[] {
  return unnamedFeatures.filter((name) => name in tested);
}

function listenersOf({ metadata, spec }: Gateway): GatewayListener[] {
  return spec.listeners.map(({ name, protocol, hostname, tls }) => ({
    name,
    protocol,
    ...(hostname !== undefined && { hostname }),
    certificates: (tls?.certificateRefs ?? []).map(
      (ref) => `${ref.namespace ?? metadata.namespace ?? ""}/${ref.name}`,
    ),
  }));
}
