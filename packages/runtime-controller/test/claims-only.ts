import type { ProxiedClient } from "@datalayer/devcluster/testkit/fault-proxy";
import { systemClock } from "@datalayer/shared/clock/clock";
import { loadAccess } from "@datalayer/shared/kube/access";
import { informerMetrics } from "@datalayer/shared/kube/metrics";
import { RestClient } from "@datalayer/shared/kube/rest";
import { silentLogger } from "@datalayer/shared/log/logger";
import { Registry } from "prom-client";
import { type Caches, createCaches } from "../src/caches.ts";
import type { BodySeals } from "../src/claim/body-seals.ts";
import { type ClaimMetrics, claimMetrics } from "../src/claim/claim-metrics.ts";
import type { ClaimRequest } from "../src/claim/claim-request.ts";
import { queueMetrics } from "../src/claim-queue/queue-metrics.ts";
import { type Claims, createClaims } from "../src/claims.ts";
import { Runtimes } from "../src/runtime/runtimes.ts";

/** What a replica serves claims with, and nothing else of it. */
export interface ClaimsOnly extends Claims {
  caches: Caches;
  metrics: ClaimMetrics;
  link: ProxiedClient;
  stop(): Promise<void>;
}

/** Seals that everybody can make: tests write assignments past every replica. */
const openSeals: BodySeals = {
  seal: (bodyHash) => Promise.resolve(bodyHash),
  isSealOf: (seal, bodyHash) => Promise.resolve(seal === bodyHash),
};

const coldStarter = { create: () => Promise.reject(new Error("tests of claims alone create no runtime")) };

/** Starts it; its caches are filled on return. */
export async function launchClaims(link: ProxiedClient, namespace: string): Promise<ClaimsOnly> {
  const common = { clock: systemClock, log: silentLogger };
  const access = loadAccess({ kubeconfigYaml: link.kubeconfigYaml });
  const client = new RestClient({
    access,
    userAgent: link.name,
    fieldManager: "datalayer-runtime-controller",
  });
  const registry = new Registry();
  const caches = createCaches({
    ...common,
    client,
    namespaces: [namespace],
    imagesNamespace: namespace,
    podNamespace: namespace,
    metrics: informerMetrics(registry),
  });
  const metrics = { ...claimMetrics(registry), ...queueMetrics(registry) };
  const runtimes = new Runtimes(caches.pods);
  const settings = { quota: { perUser: Infinity, perNamespace: Infinity }, queueLength: 10 };
  const claims = createClaims({
    ...common,
    caches,
    runtimes,
    client,
    metrics,
    settings,
    seals: openSeals,
    coldStarter,
  });
  const running = new AbortController();
  const { pods, pools } = caches;
  for (const cache of [pods, pools]) {
    cache.start(running.signal);
    await cache.synced();
  }
  const stop = async (): Promise<void> => {
    running.abort();
    await claims.abandoner.drained();
    await client.close();
  };
  return { ...claims, caches, metrics, link, stop };
}

/** A claim of the pool as the REST API hands it on. */
export function claimRequest(pool: string, rest: Partial<ClaimRequest> = {}): ClaimRequest {
  return { pool, userUid: "user-1", type: "notebook", bodyHash: "body-1", ...rest };
}
