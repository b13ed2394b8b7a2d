import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterFile, testNamespace, useCluster } from "@datalayer/devcluster/testkit/cluster";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { type FaultProxy, startFaultProxy } from "@datalayer/devcluster/testkit/fault-proxy";
import type { Clock } from "@datalayer/shared/clock/clock";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { loadAccess } from "@datalayer/shared/kube/access";
import { pointer } from "@datalayer/shared/kube/json-patch";
import { Lease, Pod } from "@datalayer/shared/kube/kinds";
import type { ObjectRef } from "@datalayer/shared/kube/object";
import { RestClient } from "@datalayer/shared/kube/rest";
import type { Logger } from "@datalayer/shared/log/logger";
import { parse, stringify } from "yaml";
import { label } from "../src/runtime/names.ts";
import { buildWarmPod } from "../src/runtime/pod-builder.ts";
import { parseRuntime, type Runtime } from "../src/runtime/runtime.ts";
import type { RuntimeState } from "../src/runtime/state.ts";
import { type ClaimsOnly, launchClaims } from "./claims-only.ts";
import { environmentManifest, poolManifest } from "./builders.ts";
import { installChart, installRbac, kindOf, tokenOf } from "./manifests.ts";
import { PodHistory } from "./pod-history.ts";
import { storedEnvironment, storedPool } from "./pool-objects.ts";
import { launchReplica, type ReplicaSettings, type TestReplica } from "./test-replica.ts";

export { apiKey, type TestReplica } from "./test-replica.ts";

const operatorAccount = "datalayer-operator-sa";

/**
 * A namespace on the real API server with the chart's kinds, policies and rights, and replicas of the
 * runtime-controller in this process. Each speaks through its own port of a fault proxy, as its restricted
 * ServiceAccount. Everything is ended and removed after the test file.
 */
export class Harness {
  readonly namespace: string;
  readonly kubeconfigPath: string;
  /** May do everything, and no fault reaches it. */
  readonly admin: RestClient;
  /** In front of the replicas; `client` in rules and log is the name of a replica. */
  readonly proxy: FaultProxy;
  readonly #token: string;
  readonly replicas: TestReplica[] = [];
  readonly #claims: ClaimsOnly[] = [];
  readonly #clients: RestClient[] = [];
  #environments = 0;

  constructor(parts: {
    namespace: string;
    kubeconfigPath: string;
    admin: RestClient;
    proxy: FaultProxy;
    token: string;
  }) {
    this.namespace = parts.namespace;
    this.kubeconfigPath = parts.kubeconfigPath;
    this.admin = parts.admin;
    this.proxy = parts.proxy;
    this.#token = parts.token;
  }

  /** Starts a replica and waits until it is ready. A name serves once: start the next one under another. */
  async startReplica(
    name: string,
    options: { settings?: ReplicaSettings; log?: Logger; clock?: Clock } = {},
  ): Promise<TestReplica> {
    const link = await this.proxy.client(name, { token: this.#token });
    const replica = await launchReplica({ link, namespace: this.namespace, ...options });
    this.replicas.push(replica);
    await eventually(async () => (await replica.replica.api.inject({ url: "/readyz" })).statusCode === 200, {
      message: `replica ${name} being ready`,
    });
    return replica;
  }

  /**
   * Only what serves claims, without REST and election: for tests of what REST would not let pass, and of many
   * replicas.
   */
  async startClaims(name: string): Promise<ClaimsOnly> {
    const link = await this.proxy.client(name, { token: this.#token });
    const claims = await launchClaims(link, this.namespace);
    this.#claims.push(claims);
    return claims;
  }

  /** Creates an environment with a pool, both named alike, and waits until that many are available. */
  async warmPool(spec: Partial<RuntimePool["spec"]> & { name?: string } = {}): Promise<RuntimePool> {
    const name = spec.name ?? `pool-${++this.#environments}`;
    await this.admin.create(RuntimeEnvironment, environmentManifest(this.namespace, { name }));
    const manifest = poolManifest(this.namespace, { environment: name, ...spec, name });
    const pool = await this.admin.create(RuntimePool, manifest);
    const size = pool.spec.size ?? 0;
    await this.available(name, size);
    // That an empty pool has been seen, no runtime shows.
    if (size === 0) await Promise.all(this.replicas.map((replica) => replica.hasSeenPool(pool)));
    return pool;
  }

  /**
   * Creates an available runtime that no pool owns, so that no replica touches it: for tests of single patches.
   * @param nodeName - default: where the scheduler puts it.
   */
  async lone(nodeName?: string): Promise<Runtime> {
    const { namespace, admin } = this;
    const pool = { ...poolManifest(namespace), metadata: storedPool().metadata };
    const environment = { ...environmentManifest(namespace), metadata: storedEnvironment().metadata };
    const settings = { serviceAccount: "datalayer-runtimes-sa", imagePullSecrets: [] };
    const ulid = randomBytes(8).toString("hex");
    const identity = { ulid, tokenKeyId: "key-1", revision: "r" };
    const image = "datalayer/jupyter-python:0.0.8";
    const manifest = buildWarmPod({ pool, environment, image, settings }, identity);
    const metadata = { ...manifest.metadata, namespace, ownerReferences: [] };
    const spec = manifest.spec && { ...manifest.spec, ...(nodeName !== undefined && { nodeName }) };
    const { name } = await admin.create(Pod, { ...manifest, metadata, spec }).then((pod) => pod.metadata);
    await eventually(async () => (await this.runtime(name))?.ready, {
      timeoutMs: 30_000,
      message: `${name} being ready`,
    });
    return this.setState({ namespace, name }, "available");
  }

  /** Changes the state of a runtime past every replica. */
  async setState(ref: ObjectRef, state: RuntimeState): Promise<Runtime> {
    const path = pointer("metadata", "labels", label.state);
    return parseRuntime(await this.admin.patch(Pod, ref, [{ op: "replace", path, value: state }]))!;
  }

  /** A client with the rights of the runtime-controller; its way through the proxy has this name. */
  async operatorClient(name: string): Promise<RestClient> {
    const { kubeconfigYaml } = await this.proxy.client(name, { token: this.#token });
    const access = loadAccess({ kubeconfigYaml });
    const client = new RestClient({ access, userAgent: name, fieldManager: "datalayer-runtime-controller" });
    this.#clients.push(client);
    return client;
  }

  /** Waits until so many runtimes of the pool are available, and every replica knows; answers with them. */
  async available(pool: string, count: number): Promise<Runtime[]> {
    const runtimes = await eventually(
      async () => {
        const found = await this.runtimes({ pool, state: "available" });
        return found.length === count && found;
      },
      { timeoutMs: 60_000, message: `${count} available runtimes in ${pool}` },
    );
    await Promise.all(this.replicas.map((replica) => replica.hasSeen(runtimes)));
    return runtimes;
  }

  /** The runtimes that the API server has now; those that are going are left out. */
  async runtimes(filter: { pool?: string; state?: RuntimeState } = {}): Promise<Runtime[]> {
    const { items } = await this.admin.list(Pod, { namespace: this.namespace, labelSelector: label.state });
    return items
      .flatMap((pod) => parseRuntime(pod) ?? [])
      .filter(
        ({ pool, state, terminating }) =>
          !terminating && pool === (filter.pool ?? pool) && state === (filter.state ?? state),
      );
  }

  /** One runtime as the API server has it now; undefined when it is gone. */
  async runtime(name: string): Promise<Runtime | undefined> {
    try {
      return parseRuntime(await this.admin.get(Pod, { namespace: this.namespace, name }));
    } catch (error) {
      if (error instanceof ApiError && error.isNotFound) return undefined;
      throw error;
    }
  }

  /** Sets the size of a pool past the REST API. */
  async resize(pool: string, size: number): Promise<void> {
    const ref = { namespace: this.namespace, name: pool };
    await this.admin.patch(RuntimePool, ref, [{ op: "replace", path: "/spec/size", value: size }]);
  }

  /** A file with a kubeconfig of the runtime-controller's ServiceAccount, past the proxy: for other processes. */
  async operatorKubeconfig(): Promise<string> {
    const config = parse(await readFile(this.kubeconfigPath, "utf8")) as { users: { user: object }[] };
    for (const user of config.users) user.user = { token: this.#token };
    const directory = await mkdtemp(join(tmpdir(), "runtime-controller-test-"));
    afterFile(() => rm(directory, { recursive: true }));
    const path = join(directory, "kubeconfig");
    await writeFile(path, stringify(config), { mode: 0o600 });
    return path;
  }

  /**
   * Ends the term of a leader that is dead, as the expiry of its lease would some seconds later.
   * @param replica - only when this one led; default: whoever did.
   */
  async expireLease(replica?: string): Promise<void> {
    const ref = { namespace: this.namespace, name: "runtime-controller" };
    const { items } = await this.admin.list(Lease, { namespace: this.namespace });
    const lease = items.find(({ metadata }) => metadata.name === ref.name);
    const holder = lease?.spec?.holderIdentity ?? "";
    if (!lease || (replica !== undefined && !holder.startsWith(`${replica}_`))) return;
    await this.admin.delete(Lease, ref, { uid: lease.metadata.uid });
  }

  /** Records every version of every runtime Pod of the namespace from now on. */
  async record(): Promise<PodHistory> {
    const history = await PodHistory.start(this.admin, this.namespace);
    afterFile(() => history.stop());
    return history;
  }

  /** Stops the replicas and lets every Pod go; called after the test file. */
  async end(): Promise<void> {
    this.proxy.clearFaults();
    await Promise.all([...this.replicas, ...this.#claims].map((each) => each.stop()));
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.proxy.close();
    await releasePods(this.admin, this.namespace);
    await this.admin.close();
  }
}

/**
 * Makes the harness of a test file. Call it in `beforeAll`.
 * @param cluster - default: that of the run.
 */
export async function startHarness(cluster?: { kubeconfigPath: string }): Promise<Harness> {
  const { kubeconfigPath } = cluster ?? (await useCluster());
  const namespace = await testNamespace(cluster);
  const access = loadAccess({ kubeconfigPath });
  const admin = new RestClient({ access, userAgent: "test", fieldManager: "test" });
  await installChart(admin, namespace);
  await installRbac(admin, namespace);
  const token = await tokenOf(admin, { namespace, name: operatorAccount });
  const proxy = await startFaultProxy({ kubeconfigPath });
  const harness = new Harness({ namespace, kubeconfigPath, admin, proxy, token });
  afterFile(() => harness.end());
  return harness;
}

/** Nobody is left to close the usage of what was assigned: its finalizer would keep the namespace for ever. */
async function releasePods(admin: RestClient, namespace: string): Promise<void> {
  const { items } = await admin.list(Pod, { namespace });
  const held = items.filter(({ metadata }) => metadata.finalizers?.length);
  await Promise.all(
    held.map((pod) =>
      admin
        .patch(Pod, pod.metadata, [{ op: "remove", path: "/metadata/finalizers" }])
        .catch((error: unknown) => {
          if (!(error instanceof ApiError && (error.isNotFound || error.isInvalid))) throw error;
        }),
    ),
  );
  const outside = [
    { kind: "ClusterRoleBinding", metadata: { name: `datalayer-runtime-controller-${namespace}` } },
    {
      kind: "RoleBinding",
      metadata: { name: `datalayer-runtime-controller-events-${namespace}`, namespace: "default" },
    },
  ];
  for (const each of outside) {
    const kind = kindOf({ ...each, apiVersion: "rbac.authorization.k8s.io/v1" });
    const { metadata } = await admin.get(kind, each.metadata);
    await admin.delete(kind, each.metadata, { uid: metadata.uid });
  }
}
