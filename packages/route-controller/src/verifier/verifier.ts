import type { Clock } from "@datalayer/shared/clock/clock";
import type { Route } from "@datalayer/shared/crds/route";
import { defaultRouteClass, type RouteClass } from "@datalayer/shared/crds/route-class";
import type { EndpointSlice, Secret, Service, ServiceCidr } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { Dispatcher } from "undici";
import { clusterIn, urlFault } from "../route/addresses.ts";
import { chosenHeaders, keyHeader, type VerifiedField, verifiedField } from "./address.ts";
import { ApiKeys } from "./api-keys.ts";
import { bearerToken, forwardedCredentials } from "./credentials.ts";
import type { Decisions } from "./decisions.ts";
import {
  type ForwardedRequest,
  isForHost,
  parseForwardedRequest,
  type RequestHeaders,
} from "./forwarded-request.ts";
import { checkToken } from "./jwt/check-token.ts";
import type { KeySets } from "./jwt/key-sets.ts";
import { askUpstream, type Upstream } from "./upstream/ask.ts";
import type { UpstreamShare } from "./upstream/share.ts";
import { forbidden, unauthenticated, undecided, type Verdict } from "./verdict.ts";

/** The index of Routes by `metadata.uid`. */
export const byUid = "uid";

/** What the verifier knows of the cluster. */
export interface VerifierCaches {
  routes: ObjectReader<Route>;
  routeClasses: ObjectReader<RouteClass>;
  /** Those with API keys. */
  secrets: ObjectReader<Secret>;
  /** The Service of the API server and its endpoints. */
  apiServerServices: ObjectReader<Service>;
  apiServerSlices: ObjectReader<EndpointSlice>;
  /** From where Services have their addresses. */
  serviceCidrs: ObjectReader<ServiceCidr>;
}

/** What a verifier is made of. */
export interface VerifierOptions {
  caches: VerifierCaches;
  keySets: KeySets;
  decisions: Decisions;
  share: UpstreamShare;
  /** Connections to addresses that authors of Routes chose, and to those that administrators chose. */
  dispatchers: { guarded: Dispatcher; plain: Dispatcher };
  clock: Clock;
}

/** What was decided, and for which Route. */
export interface Decision {
  verdict: Verdict;
  /** Undefined when there is no such Route. */
  route?: Route;
  /** Undefined when it is not the verifier that decides for this Route. */
  field?: VerifiedField;
}

/** A request to a Route that the verifier decides on. */
interface Request {
  route: Route;
  forwarded: ForwardedRequest;
  headers: RequestHeaders;
}

/**
 * Decides whether requests may pass. In doubt they do not: nothing but a check that succeeded lets one in, and any
 * error, whatever its cause, keeps it out.
 */
export class Verifier {
  readonly #options: VerifierOptions;
  readonly #apiKeys = new ApiKeys();
  readonly #ways: Readonly<Record<VerifiedField, (request: Request) => Promise<Verdict>>> = {
    jwt: (request) => this.#verifyToken(request),
    apiKey: (request) => Promise.resolve(this.#verifyKey(request)),
    platform: (request) => this.#verifyUpstream(request, this.#platformOf(request.route)),
    forward: (request) => this.#verifyUpstream(request, this.#serviceOf(request.route)),
  };

  constructor(options: VerifierOptions) {
    this.#options = options;
  }

  /** True once everything that decisions rest on is known. */
  get hasSynced(): boolean {
    return Object.values<Pick<ObjectReader<Route>, "hasSynced">>({ ...this.#options.caches }).every(
      ({ hasSynced }) => hasSynced,
    );
  }

  /** Decides on one request to the Route of this UID. */
  async decide(routeUid: string, headers: RequestHeaders): Promise<Decision> {
    if (!this.hasSynced) return { verdict: undecided("not-synced") };
    const [route] = this.#options.caches.routes.byIndex(byUid, routeUid);
    if (!route) return { verdict: forbidden("unknown-route") };
    const field = verifiedField(route.spec.auth);
    if (!field) return { verdict: forbidden("other-auth"), route };
    const forwarded = parseForwardedRequest(headers);
    if (!forwarded) return { verdict: forbidden("malformed-request"), route, field };
    if (!isForHost(forwarded.host, route.spec.hosts))
      return { verdict: forbidden("other-host"), route, field };
    return { verdict: await this.#ways[field]({ route, forwarded, headers }), route, field };
  }

  async #verifyToken({ route, headers }: Request): Promise<Verdict> {
    const { keySets, decisions, clock } = this.#options;
    const demands = route.spec.auth.jwt;
    const token = bearerToken(headers);
    if (!demands) return forbidden("other-auth");
    if (token === undefined) return unauthenticated("no-credentials", "Bearer");
    if (token === null) return unauthenticated("malformed-credentials", 'Bearer error="invalid_request"');
    if (!this.#mayAsk(demands.jwksUrl, route)) return undecided("keys-unavailable");
    const keys = keySets.at(demands.jwksUrl);
    if (!(await keys.ready())) return undecided("keys-unavailable");
    return decisions.decide([...identityOf(route), keys.version, token], () =>
      checkToken(token, demands, { keys, nowMs: clock.now() }),
    );
  }

  #verifyKey({ route, headers }: Request): Verdict {
    const { apiKey } = route.spec.auth;
    if (!apiKey) return forbidden("other-auth");
    const ref = { namespace: route.metadata.namespace, name: apiKey.secretName };
    return this.#apiKeys.check(headers, {
      header: keyHeader(apiKey),
      secret: this.#options.caches.secrets.get(ref),
    });
  }

  async #verifyUpstream({ route, forwarded, headers }: Request, upstream?: Upstream): Promise<Verdict> {
    const { decisions, share } = this.#options;
    if (!upstream) return undecided("upstream-unavailable");
    const credentials = forwardedCredentials(headers);
    if (!credentials) return unauthenticated("malformed-credentials", "Bearer");
    const { url, responseHeaders } = upstream;
    return decisions.decide(
      [...identityOf(route), url, responseHeaders, forwarded, credentials],
      async () => {
        const verdict = await share.take(new URL(url).origin, () =>
          askUpstream(upstream, { forwarded, credentials }),
        );
        return verdict ?? undecided("overloaded");
      },
    );
  }

  #platformOf(route: Route): Upstream | undefined {
    const { caches, dispatchers } = this.#options;
    const routeClass = caches.routeClasses.get({ name: route.spec.routeClassName ?? defaultRouteClass });
    if (!routeClass?.spec.platform) return undefined;
    const { url } = routeClass.spec.platform;
    const responseHeaders = chosenHeaders(route.spec.auth, routeClass.spec);
    return { url, field: "platform", responseHeaders, dispatcher: dispatchers.plain };
  }

  /** The controller makes nothing of a Route that may not have it asked; whoever reaches the verifier may ask it yet. */
  #mayAsk(url: string, { metadata: { namespace = "" } }: Route): boolean {
    return urlFault(url, { namespace, cluster: clusterIn(this.#options.caches) }) === undefined;
  }

  #serviceOf(route: Route): Upstream | undefined {
    const {
      metadata,
      spec: { auth },
    } = route;
    const { url, service } = auth.forward ?? {};
    if (url !== undefined && !this.#mayAsk(url, route)) return undefined;
    const ofService =
      service && `http://${service.name}.${metadata.namespace}.svc:${service.port}${service.path ?? "/"}`;
    const asked = url ?? ofService;
    const responseHeaders = chosenHeaders(auth, {});
    return asked
      ? { url: asked, field: "forward", responseHeaders, dispatcher: this.#options.dispatchers.guarded }
      : undefined;
  }
}

/** A decision is for one spec of one Route. */
function identityOf({ metadata: { uid, generation } }: Route): readonly unknown[] {
  return [uid, generation];
}
