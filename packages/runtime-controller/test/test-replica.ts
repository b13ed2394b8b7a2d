import { eventually } from "@datalayer/devcluster/testkit/eventually";
import type { ProxiedClient } from "@datalayer/devcluster/testkit/fault-proxy";
import type { Clock } from "@datalayer/shared/clock/clock";
import { TestReplica as Process } from "@datalayer/shared/controller/testkit/test-replica";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { loadAccess } from "@datalayer/shared/kube/access";
import { type Logger, silentLogger } from "@datalayer/shared/log/logger";
import { createMetrics } from "@datalayer/shared/metrics/registry";
import { settings } from "../src/config.ts";
import type { RuntimeView } from "../src/http/schemas.ts";
import { createReplica, type RuntimeReplica } from "../src/replica.ts";
import type { Runtime } from "../src/runtime/runtime.ts";

/** The API key of every replica. */
export const apiKey = "key-for-tests-0123456789";

const seenWithinMs = 20_000;

/** What a replica answered. */
export interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: AnswerBody;
}

/** The fields that tests read most; which of them are there, the status tells. */
export interface AnswerBody {
  runtime: RuntimeView;
  /** Of a problem. */
  type: string;
  detail: string;
  [field: string]: unknown;
}

/** A request to a replica. */
export interface Ask {
  body?: unknown;
  headers?: Record<string, string>;
}

/** What a claim sends; the environment of the builders, and a user. */
export interface ClaimBody {
  environment_name?: string;
  pool_name?: string;
  user_uid?: string;
  [field: string]: unknown;
}

/** A replica in this process. */
export class TestReplica extends Process<RuntimeReplica> {
  /** Sends a request with the API key, without a socket. */
  async ask(method: "GET" | "POST" | "PUT" | "DELETE", path: string, options: Ask = {}): Promise<Answer> {
    const { body, headers } = options;
    const answer = await this.replica.api.inject({
      method,
      url: `/api/operator/v1${path}`,
      headers: { "x-api-key": apiKey, ...headers },
      ...(body !== undefined && { payload: body as object }),
    });
    return { status: answer.statusCode, headers: answer.headers, body: parsed(answer.body) };
  }

  /** Claims a runtime, of the builders' environment unless a pool is named; `key` is the Idempotency-Key. */
  claim(body: ClaimBody = {}, key?: string): Promise<Answer> {
    return this.ask("POST", "/runtimes", {
      body: {
        ...(body.pool_name === undefined && { environment_name: "python-env" }),
        user_uid: "user-1",
        ...body,
      },
      headers: key === undefined ? {} : { "idempotency-key": key },
    });
  }

  /** Claims a runtime as soon as there is one. */
  async claimed(body: ClaimBody = {}): Promise<RuntimeView> {
    const { runtime } = await eventually(
      async () => {
        const { status, body: reply } = await this.claim(body);
        return status === 201 && reply;
      },
      { message: "a claim being served" },
    );
    return runtime;
  }

  /** Waits until its watch has shown these runtimes; one that has ended sees nothing more. */
  async hasSeen(runtimes: readonly Runtime[]): Promise<void> {
    const { pods } = this.replica.caches;
    for (const { name, namespace, pod } of runtimes) {
      if (this.isOver) return;
      const { resourceVersion } = pod.metadata;
      if (await pods.waitFor(resourceVersion, { timeoutMs: seenWithinMs, namespace })) continue;
      throw new Error(`replica ${this.name} has not seen ${name} within ${seenWithinMs / 1000} s`);
    }
  }

  /** Waits until its watches have shown a pool and its environment; one that has ended sees nothing more. */
  async hasSeenPool({ metadata: { namespace, name }, spec }: RuntimePool): Promise<void> {
    const { pools, environments } = this.replica.caches;
    const isSeen = () =>
      pools.get({ namespace, name }) && environments.get({ namespace, name: spec.environment ?? "" });
    await eventually(() => this.isOver || isSeen(), { message: `replica ${this.name} seeing pool ${name}` });
  }

  /** Serves on a free port; answers with the URL of the API. */
  async listen(): Promise<string> {
    return `${await this.replica.api.listen({ host: "127.0.0.1", port: 0 })}/api/operator/v1`;
  }

  /** The value of one of its counters, over all labels. */
  async counter(name: string): Promise<number> {
    const metric = await this.metrics.registry.getSingleMetric(name)?.get();
    return (metric?.values ?? []).reduce((sum, { value }) => sum + value, 0);
  }

  protected override async drain(): Promise<void> {
    await this.replica.api.close();
  }
}

/** Environment variables of a replica beyond those that fit the namespace. */
export type ReplicaSettings = Record<string, string>;

/** Puts a replica together and starts it; its caches may not be filled yet. */
export async function launchReplica(options: {
  link: ProxiedClient;
  namespace: string;
  settings?: ReplicaSettings;
  log?: Logger;
  clock?: Clock;
}): Promise<TestReplica> {
  const { link, namespace, log = silentLogger, clock } = options;
  const metrics = createMetrics({ controller: "runtime-controller" });
  const replica = await createReplica({
    settings: settings.parse({
      DATALAYER_OPERATOR_API_KEY: apiKey,
      DATALAYER_WATCH_NAMESPACES: namespace,
      POD_NAMESPACE: namespace,
      POD_NAME: link.name,
      // The nodes of all tests are those of one cluster.
      DATALAYER_SCALING_STRATEGY: "none",
      // Many tests claim for one user all the time.
      DATALAYER_MAX_RUNTIMES_PER_USER: "0",
      ...options.settings,
    }),
    access: loadAccess({ kubeconfigYaml: link.kubeconfigYaml }),
    version: "0.0.0-test",
    log,
    metrics,
    clock,
  });
  return new TestReplica(link, replica, metrics);
}

function parsed(text: string): AnswerBody {
  return JSON.parse(text === "" ? "{}" : text) as AnswerBody;
}
