import { type Clock, systemClock } from "@datalayer/shared/clock/clock";
import { Health } from "@datalayer/shared/http/health";
import type { ClusterAccess } from "@datalayer/shared/kube/access";
import { informerMetrics, restMetrics } from "@datalayer/shared/kube/metrics";
import { keyOf } from "@datalayer/shared/kube/object";
import { RestClient } from "@datalayer/shared/kube/rest";
import type { Logger } from "@datalayer/shared/log/logger";
import type { Metrics } from "@datalayer/shared/metrics/registry";
import type { FastifyInstance } from "fastify";
import { createVerifierApp } from "./app.ts";
import { createVerifierInformers, type VerifierInformers } from "./caches.ts";
import { Decisions } from "./decisions.ts";
import { clusterIn } from "../route/addresses.ts";
import type { ReadKeys } from "./jwt/key-set.ts";
import { KeySets } from "./jwt/key-sets.ts";
import { type VerifierMetrics, verifierMetrics } from "./metrics.ts";
import type { VerifierSettings } from "./settings.ts";
import { administratorsAgent, authorsAgent } from "./upstream/agents.ts";
import { readKeys } from "./upstream/read-keys.ts";
import { UpstreamShare } from "./upstream/share.ts";
import { Verifier } from "./verifier.ts";

/** What a replica is made of. */
export interface VerifierReplicaOptions {
  settings: VerifierSettings;
  access: ClusterAccess;
  version: string;
  log: Logger;
  metrics: Metrics;
  clock?: Clock;
}

/** One process of the verifier; any number serve at the same time and know nothing of each other. */
export interface VerifierReplica {
  /** Answers data planes; not listening yet. */
  readonly app: FastifyInstance;
  readonly health: Health;
  /** What it knows of the cluster. */
  readonly caches: VerifierInformers;
  /** Follows the caches until `signal`. */
  start(signal: AbortSignal): void;
  /** Closes the connections. */
  close(): Promise<void>;
}

/** Puts a replica together; nothing runs before {@link VerifierReplica.start}. */
export function createVerifierReplica(options: VerifierReplicaOptions): VerifierReplica {
  const { settings, access, version, log } = options;
  const { registry } = options.metrics;
  const { namespaces, decisions: capacity, decisionMaxAgeMs: maxAgeMs } = settings;
  const clock = options.clock ?? systemClock;
  const client = new RestClient({
    access,
    userAgent: `datalayer-verifier/${version}`,
    fieldManager: "datalayer-verifier",
    clock,
    metrics: restMetrics(registry),
  });
  const caches = createVerifierInformers({
    client,
    namespaces,
    clock,
    log,
    metrics: informerMetrics(registry),
  });
  const decisions = new Decisions({ capacity, maxAgeMs, clock });
  const share = new UpstreamShare();
  const metrics = verifierMetrics(registry, { decisions, share });
  const dispatchers = { guarded: authorsAgent(() => clusterIn(caches)), plain: administratorsAgent() };
  const read = observed((url) => readKeys(url, dispatchers.guarded), { metrics, log });
  const keySets = new KeySets({ read, clock });
  const verifier = new Verifier({ caches, keySets, decisions, share, dispatchers, clock });
  caches.routes.onChange(({ type, object }) => {
    if (type === "deleted") metrics.forget(keyOf(object.metadata));
  });
  return {
    app: createVerifierApp({ verifier, metrics, log }),
    health: healthOf(caches),
    caches,
    start: (signal) => {
      for (const cache of Object.values<Pick<VerifierInformers["routes"], "start">>({ ...caches }))
        cache.start(signal);
    },
    close: async () => {
      await Promise.all([client.close(), dispatchers.guarded.close(), dispatchers.plain.close()]);
    },
  };
}

function observed(read: ReadKeys, { metrics, log }: { metrics: VerifierMetrics; log: Logger }): ReadKeys {
  return async (url) => {
    try {
      const keys = await read(url);
      metrics.keysRead("read");
      return keys;
    } catch (error) {
      metrics.keysRead("failed");
      log.warn("The keys of an issuer could not be read", { url, error });
      throw error;
    }
  };
}

/**
 * Ready once everything is known. Not less so when the API server is silent later: requests to Routes go on while it
 * is away, and without a verifier none would.
 */
function healthOf(caches: VerifierInformers): Health {
  const health = new Health();
  for (const [name, cache] of Object.entries({ ...caches }))
    health.addReadiness(`${name}-watch`, () => (cache.hasSynced ? undefined : "not listed yet"));
  return health;
}
