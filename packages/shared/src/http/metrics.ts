import type { onResponseHookHandler } from "fastify";
import { Histogram, type Registry } from "prom-client";
import { CLAIM_BUCKETS_SECONDS } from "../metrics/buckets.ts";

/**
 * Measures every answer by route, method and status. The route is the declared one, `/runtimes/:pod_name`, never
 * the URL: the number of series must not grow with what callers ask for.
 */
export function measureRequests(registry: Registry): onResponseHookHandler {
  const duration = new Histogram({
    name: "http_request_duration_seconds",
    help: "Time from the arrival of a request to the end of its answer.",
    labelNames: ["method", "route", "code"],
    buckets: [...CLAIM_BUCKETS_SECONDS],
    registers: [registry],
  });
  return (request, reply, done) => {
    const route = request.routeOptions.url ?? "unmatched";
    duration.observe({ method: request.method, route, code: reply.statusCode }, reply.elapsedTime / 1_000);
    done();
  };
}
