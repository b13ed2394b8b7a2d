import { createHash } from "node:crypto";
import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { systemClock } from "@datalayer/shared/clock/clock";
import { Gateway, HttpRoute } from "@datalayer/shared/crds/gateway-api";
import { RouteClass } from "@datalayer/shared/crds/route-class";
import { IngressRoute, type TraefikRoute } from "@datalayer/shared/crds/traefik";
import { Informer } from "@datalayer/shared/kube/informer";
import { keyOf, type Manifest } from "@datalayer/shared/kube/object";
import { silentLogger } from "@datalayer/shared/log/logger";
import type { ResolvedRoute } from "../src/backends/backend.ts";
import { Readiness } from "../src/readiness/readiness.ts";
import { type Subject, subjectOf } from "../src/readiness/subject.ts";
import type { Harness } from "./harness.ts";
import { resolvedRoute } from "./resolved-route.ts";

/** What observes the data plane, without the controller that asks it. */
export interface Observer {
  readiness: Readiness;
  /** Keys of the Routes of which it had something new to say, in this order. */
  changes: readonly string[];
}

/** Starts the observer of the class of the test file, until that ends. */
export async function startObserver(
  { admin }: Harness,
  options: { samplePercent?: number } = {},
): Promise<Observer> {
  const { samplePercent = 100 } = options;
  const stop = new AbortController();
  const routeClasses = new Informer({ client: admin, kind: RouteClass });
  const gateways = new Informer({ client: admin, kind: Gateway });
  const httpRoutes = new Informer({ client: admin, kind: HttpRoute });
  for (const informer of [routeClasses, gateways, httpRoutes]) {
    informer.start(stop.signal);
    await informer.synced();
  }
  const changes: string[] = [];
  const readiness = new Readiness({
    routeClasses,
    gateways,
    httpRoutes,
    isLeftover: () => false,
    clock: systemClock,
    samplePercent,
    onChange: (route) => changes.push(keyOf(route)),
  });
  const running = readiness.run({
    kube: admin,
    epoch: 1,
    stop: stop.signal,
    abort: stop.signal,
    events: { record: () => undefined },
    clock: systemClock,
    log: silentLogger,
  });
  afterFile(async () => {
    stop.abort();
    await running;
  });
  return { readiness, changes };
}

/** The IngressRoute of a Route `<name>.test`, and what is looked at for it. */
export function served(
  { namespace, className }: Harness,
  name: string,
  options: { route?: Partial<ResolvedRoute>; router?: Partial<TraefikRoute>; group?: string } = {},
): { manifest: Manifest<IngressRoute>; subject: Subject } {
  const host = `${name}.test`;
  const services = [{ name: "target", port: 80 }];
  const router = {
    kind: "Rule" as const,
    match: `Host(\`${host}\`)`,
    priority: 10,
    services,
    ...options.router,
  };
  const { tls } = options.route ?? {};
  const manifest: Manifest<IngressRoute> = {
    apiVersion: IngressRoute.apiVersion,
    kind: IngressRoute.kind,
    metadata: { namespace, name },
    spec: {
      entryPoints: [tls ? "websecure" : "web"],
      routes: [router],
      ...(tls && { tls: { secretName: tls.secretName } }),
    },
  };
  const hash = createHash("sha256").update(JSON.stringify(manifest)).digest("hex");
  const route = resolvedRoute({ namespace, name, hosts: [host], uid: `uid-${name}`, ...options.route });
  const { group } = options;
  return { manifest, subject: subjectOf(route, { className, hash, objects: [manifest], group }) };
}
