import type {
  RouteHeaders,
  RouteMatch,
  RoutePolicy,
  RouteRedirect,
  RouteRewrite,
} from "@datalayer/shared/crds/route";
import type { RouteClass } from "@datalayer/shared/crds/route-class";
import type { KubeObject, Manifest, OwnerReference } from "@datalayer/shared/kube/object";

/** A port of a Service in the namespace of the Route: what every kind of target comes down to. */
export interface ResolvedService {
  name: string;
  /** Of the Service, not of its Pods. */
  port: number;
}

/** A target of a rule. */
export interface ResolvedTarget {
  service: ResolvedService;
  protocol: "http" | "https" | "h2c";
  /** In proportion to those of the other targets; 0 takes no requests. */
  weight: number;
}

/** A kind of request that a rule is for. */
export interface ResolvedMatch extends Pick<RouteMatch, "path" | "methods" | "headers" | "query"> {
  /** The highest that fits gets the request: no two matches that one request can fit have the same. */
  priority: number;
}

/** A rule: it has either targets or a redirect. */
export interface ResolvedRule {
  /** Unique in the Route. */
  name: string;
  /** At least one; a rule without matches has one that fits every request. */
  matches: readonly ResolvedMatch[];
  targets: readonly ResolvedTarget[];
  redirect?: RouteRedirect;
  rewrite?: RouteRewrite;
  headers?: RouteHeaders;
  mirror?: { service: ResolvedService; percent: number };
  /** Value of the header `X-Datalayer-Route` of its requests, where a target is the runtime gateway; see `RoutePass`. */
  pass?: string;
}

/**
 * How requests are let in, with all addresses known. `forward` stands for every way that asks a service about each
 * request: `auth.forward`, `auth.platform`, and the verifier behind `auth.jwt` and `auth.apiKey`; `field` names which.
 */
export type ResolvedAuth =
  | { kind: "none" }
  | {
      kind: "target";
      /** What it refuses without credentials; default: the path of the first match. */
      path?: string;
    }
  | {
      kind: "forward";
      field: "forward" | "platform" | "jwt" | "apiKey";
      url: string;
      /** What it sees of the request's headers, beside method, host, path and client. */
      requestHeaders: readonly string[];
      /** Headers of its answer that the target receives, and that are removed when they come from outside. */
      responseHeaders: readonly string[];
    }
  | { kind: "basic"; secretName: string }
  | { kind: "clientCert"; caSecretName: string };

/** HTTPS of a Route. */
export interface ResolvedTls {
  /** Secret in the namespace of the Route, given or made by cert-manager. */
  secretName: string;
  httpPolicy: "Redirect" | "Deny" | "Allow";
}

/** A Route that is accepted: its hosts are its own, its targets are Services of its namespace. */
export interface ResolvedRoute {
  namespace: string;
  name: string;
  uid: string;
  /** What every object made of it is owned by. */
  owner: OwnerReference;
  hosts: readonly string[];
  /** Without it, the hosts are served over HTTP only. */
  tls?: ResolvedTls;
  auth: ResolvedAuth;
  rules: readonly ResolvedRule[];
  policy: RoutePolicy;
  onUnsupported: "Reject" | "Degrade";
}

/** A field that a backend cannot do. */
export interface Unsupported {
  /** Its path: `spec.policy.retry`. */
  field: string;
  /** A sentence for people. */
  reason: string;
}

/**
 * What becomes of a Route. `objects` lie in its namespace; all that are missing from a later translation are removed.
 * `degraded` names what was left out, and is empty unless the Route allows that.
 */
export type Translation<T extends KubeObject = KubeObject> =
  | { objects: readonly Manifest<T>[]; degraded: readonly Unsupported[] }
  | { unsupported: readonly Unsupported[] };

/** A data plane that serves Routes; `Capabilities` is what an installation of it can do. */
export interface Backend<Capabilities = unknown> {
  readonly name: RouteClass["spec"]["backend"] & string;
  /**
   * The objects that make the data plane serve this Route, or all that it cannot do. Pure: equal input, equal output.
   * Names are hashes of UIDs. What protects (`auth`, `tls`, `policy.ipAllow`, `policy.bodyLimit`) never degrades.
   */
  translate(route: ResolvedRoute, routeClass: RouteClass, capabilities: Capabilities): Translation;
}
