import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Decisions } from "./decisions.ts";
import type { UpstreamShare } from "./upstream/share.ts";
import type { Decision } from "./verifier.ts";

/** How the verifier decides. */
export interface VerifierMetrics {
  /** Counts a decision that took so long. */
  decided(decision: Decision, seconds: number): void;
  /** Counts an attempt to read the keys of an issuer. */
  keysRead(result: "read" | "failed"): void;
  /** Forgets a Route that is gone. */
  forget(route: string): void;
}

/** So many Routes have figures of their own; the ones after that share theirs. */
const mostRoutes = 2_000;
const otherRoutes = "other";
const unknownRoute = "unknown";
const bucketsSeconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3];

/** Registers them. */
export function verifierMetrics(
  registry: Registry,
  { decisions, share }: { decisions: Decisions; share: UpstreamShare },
): VerifierMetrics {
  const registers = [registry];
  const counts = new RouteCounts();
  new Counter({
    name: "datalayer_verifier_decisions_total",
    help: "Requests that the verifier decided on, by Route (namespace/name), field of spec.auth, and result: allowed, or why not",
    labelNames: ["route", "auth", "result"],
    registers,
    collect() {
      this.reset();
      counts.forEach((labels, count) => this.inc(labels, count));
    },
  });
  const seconds = new Histogram({
    name: "datalayer_verifier_decision_duration_seconds",
    help: "Time that a decision took, by field of spec.auth",
    labelNames: ["auth"],
    buckets: bucketsSeconds,
    registers,
  });
  const keys = new Counter({
    name: "datalayer_verifier_keys_read_total",
    help: "Attempts to read the public keys of an issuer, by result: read or failed",
    labelNames: ["result"],
    registers,
  });
  decisionMetrics(registry, decisions);
  new Gauge({
    name: "datalayer_verifier_upstream_requests",
    help: "Questions to services of auth.forward and auth.platform that are under way",
    registers,
    collect() {
      this.set(share.total);
    },
  });
  return {
    decided: ({ verdict, route, field }, took) => {
      const { namespace = "", name = "" } = route?.metadata ?? {};
      const auth = field ?? "none";
      const result = verdict.kind === "allowed" ? verdict.kind : verdict.reason;
      counts.add(route ? `${namespace}/${name}` : unknownRoute, auth, result);
      seconds.observe({ auth }, took);
    },
    keysRead: (result) => keys.inc({ result }),
    forget: (route) => counts.forget(route),
  };
}

function decisionMetrics(registry: Registry, decisions: Decisions): void {
  const registers = [registry];
  new Gauge({
    name: "datalayer_verifier_remembered_decisions",
    help: "Decisions that are remembered",
    registers,
    collect() {
      this.set(decisions.size);
    },
  });
  new Counter({
    name: "datalayer_verifier_decision_lookups_total",
    help: "Questions on tokens and to services, by result: hit, when the decision was remembered, or miss",
    labelNames: ["result"],
    registers,
    collect() {
      this.reset();
      this.inc({ result: "hit" }, decisions.hits);
      this.inc({ result: "miss" }, decisions.misses);
    },
  });
}

type RouteLabels = Record<"route" | "auth" | "result", string>;

/** Counts by Route, which can be forgotten together. */
class RouteCounts {
  readonly #byRoute = new Map<string, Map<string, { labels: RouteLabels; count: number }>>();

  add(route: string, auth: string, result: string): void {
    const isKnown = this.#byRoute.has(route) || this.#byRoute.size < mostRoutes || route === unknownRoute;
    const counted = isKnown ? route : otherRoutes;
    const counts = this.#byRoute.get(counted) ?? new Map<string, { labels: RouteLabels; count: number }>();
    this.#byRoute.set(counted, counts);
    const key = `${auth} ${result}`;
    const entry = counts.get(key) ?? { labels: { route: counted, auth, result }, count: 0 };
    entry.count++;
    counts.set(key, entry);
  }

  forget(route: string): void {
    this.#byRoute.delete(route);
  }

  forEach(visit: (labels: RouteLabels, count: number) => void): void {
    for (const counts of this.#byRoute.values())
      for (const { labels, count } of counts.values()) visit(labels, count);
  }
}
