import type { RoutePolicy } from "@datalayer/shared/crds/route";
import type { MiddlewareSpec } from "./middlewares.ts";

type Part<Name extends keyof RoutePolicy> = NonNullable<RoutePolicy[Name]>;

/** Clients that may come in at all, by the address of their connection. */
export function ipAllow(sourceRange: Part<"ipAllow">): MiddlewareSpec {
  return { ipAllowList: { sourceRange } };
}

/** At most so many requests of one client address. */
export function rateLimit({ requests, period = "1s", burst = 1 }: Part<"rateLimit">): MiddlewareSpec {
  return { rateLimit: { average: requests, period, burst } };
}

/** Which pages of other origins may read answers; it answers itself when a browser asks first. */
export function cors(policy: Part<"cors">): MiddlewareSpec {
  const { origins, methods, headers, exposeHeaders, credentials = false, maxAgeSeconds = 600 } = policy;
  return {
    headers: {
      accessControlAllowOriginList: origins,
      ...(methods && { accessControlAllowMethods: methods }),
      ...(headers && { accessControlAllowHeaders: headers }),
      ...(exposeHeaders && { accessControlExposeHeaders: exposeHeaders }),
      ...(credentials && { accessControlAllowCredentials: true }),
      accessControlMaxAge: maxAgeSeconds,
      // The answer depends on who asks: no cache may give it to somebody else.
      addVaryHeader: true,
    },
  };
}

/** Refuses larger bodies. Traefik holds back request and answer until they are complete. */
export function bodyLimit({ maxBytes }: Part<"bodyLimit">): MiddlewareSpec {
  return { buffering: { maxRequestBodyBytes: maxBytes } };
}

/** Answers 503 while this share of requests fails. */
export function circuitBreaker({ errorPercent, openFor = "10s" }: Part<"circuitBreaker">): MiddlewareSpec {
  // A target that is not reached counts, too: Traefik answers 502 then.
  const expression = `ResponseCodeRatio(500, 600, 0, 600) >= ${(errorPercent / 100).toFixed(2)}`;
  return { circuitBreaker: { expression, fallbackDuration: openFor, responseCode: 503 } };
}

/** Sends requests again that have not reached a target. */
export function retry({ attempts, initialInterval = "100ms" }: Part<"retry">): MiddlewareSpec {
  // Traefik counts the first one.
  return { retry: { attempts: attempts + 1, initialInterval } };
}

/** Compresses answers, but no streams of events: each would wait for the next. */
export function compression({ minBytes = 1024 }: Part<"compression">): MiddlewareSpec {
  return { compress: { minResponseBodyBytes: minBytes, excludedContentTypes: ["text/event-stream"] } };
}
