import { afterFile, testNamespace, useCluster } from "@datalayer/devcluster/testkit/cluster";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { type FaultProxy, startFaultProxy } from "@datalayer/devcluster/testkit/fault-proxy";
import { startTestRegistry, type TestRegistry } from "@datalayer/devcluster/testkit/registry";
import { Image } from "@datalayer/shared/crds/image";
import { loadAccess } from "@datalayer/shared/kube/access";
import { deleteIfThere } from "@datalayer/shared/kube/delete-if-there";
import { Job } from "@datalayer/shared/kube/kinds";
import { RestClient } from "@datalayer/shared/kube/rest";
import { tokenOf } from "@datalayer/shared/kube/testkit/chart";
import type { Logger } from "@datalayer/shared/log/logger";
import { inputsLabel } from "../src/engines/buildkit/arguments.ts";
import { annotation, buildTag, label } from "../src/image/names.ts";
import type { Repository } from "../src/registry/repository.ts";
import { Registries } from "../src/registry/registry.ts";
import { imageManifest, type PartialSpec } from "./builders.ts";
import { installKind } from "./install-kind.ts";
import { installRights, operatorAccount } from "./install-rights.ts";
import { type PushedImage, pushImage } from "./push-image.ts";
import { RegistryProxy } from "./registry-proxy.ts";
import { launchReplica, type ReplicaSettings, type TestReplica } from "./test-replica.ts";

/** Longer than any reconcile of a machine at its limit. */
const patient = { timeoutMs: 40_000 };

/**
 * Namespaces on the real API server with the rights of the chart, a real registry behind a proxy, and replicas of the
 * image-controller in this process, each with its restricted ServiceAccount. No node runs the Pods of builds: tests push
 * what a build would, and say how its Pod ended. Everything is ended and removed after the test file.
 */
export class Harness {
  readonly namespaces: readonly [string, ...string[]];
  /** May do everything, and no fault reaches it. */
  readonly admin: RestClient;
  /** In front of the API server, for the replicas. */
  readonly proxy: FaultProxy;
  readonly registry: TestRegistry;
  /** In front of the registry, for replicas and builds. */
  readonly registryProxy: RegistryProxy;
  readonly replicas: TestReplica[] = [];
  readonly #registries: Registries;
  readonly #token: string;

  constructor(
    parts: Pick<Harness, "namespaces" | "admin" | "proxy" | "registry" | "registryProxy"> & { token: string },
  ) {
    this.#token = parts.token;
    this.namespaces = parts.namespaces;
    this.admin = parts.admin;
    this.proxy = parts.proxy;
    this.registry = parts.registry;
    this.registryProxy = parts.registryProxy;
    this.#registries = new Registries({ plainHosts: [parts.registry.host] });
  }

  get namespace(): string {
    return this.namespaces[0];
  }

  /** Starts a replica and waits until its caches are filled. A name serves once. */
  async startReplica(
    name: string,
    options: { settings?: ReplicaSettings; log?: Logger } = {},
  ): Promise<TestReplica> {
    const { host } = this.registryProxy;
    const link = await this.proxy.client(name, { token: this.#token });
    const replica = launchReplica({
      link,
      namespaces: this.namespaces,
      log: options.log,
      settings: {
        DATALAYER_DOCKER_REGISTRY: host,
        DATALAYER_IMAGES_PLAIN_REGISTRIES: host,
        // Builds of other tests of the file may never end.
        DATALAYER_IMAGES_MAX_BUILDS: "100",
        ...options.settings,
      },
    });
    this.replicas.push(replica);
    await eventually(() => Object.values(replica.replica.caches).every(({ hasSynced }) => hasSynced), {
      message: `replica ${name} being ready`,
    });
    return replica;
  }

  /** Pushes an image that Images may build on; answers with its name. */
  async pushBase(repository: string, image: PushedImage = {}): Promise<{ name: string; digest: string }> {
    const { digest } = await pushImage({ host: this.registry.host, repository }, "1", image);
    return { name: `${this.registryProxy.host}/${repository}:1`, digest };
  }

  /** Creates an Image; by default it is a Dockerfile on nothing. */
  createImage(name: string, spec: PartialSpec = {}, namespace = this.namespace): Promise<Image> {
    const scratch = { inline: { dockerfile: `FROM scratch\nLABEL name=${namespace}-${name}\n` } };
    return this.admin.create(Image, imageManifest(namespace, name, { source: scratch, ...spec }));
  }

  /** Changes the spec of an Image. */
  async editImage(name: string, spec: object): Promise<Image> {
    const operations = Object.entries(spec).map(([field, value]) => ({
      op: "add" as const,
      path: `/spec/${field}`,
      value: value as unknown,
    }));
    return this.admin.patch(Image, { namespace: this.namespace, name }, operations);
  }

  image(name: string, namespace = this.namespace): Promise<Image> {
    return this.admin.get(Image, { namespace, name });
  }

  async deleteImage(name: string): Promise<void> {
    const { metadata } = await this.image(name);
    await deleteIfThere(this.admin, Image, metadata);
  }

  /** Waits until an Image is in this phase, for its newest spec; answers with it. */
  async phase(
    name: string,
    phase: NonNullable<NonNullable<Image["status"]>["phase"]>,
    options: { namespace?: string; reason?: string } = {},
  ): Promise<Image> {
    const { namespace = this.namespace, reason } = options;
    let last: Image | undefined;
    return eventually(
      async () => {
        last = await this.image(name, namespace);
        return isIn(last, phase, reason) && last;
      },
      { ...patient, message: `Image ${name} being ${phase} ${reason ?? ""}` },
    ).catch((cause: unknown) => {
      throw new Error(`last seen: ${JSON.stringify(last?.status, null, 1)}`, { cause });
    });
  }

  /** The Jobs of an Image, the oldest first. */
  async jobs(name: string, namespace = this.namespace): Promise<Job[]> {
    const { metadata } = await this.image(name, namespace);
    const labelSelector = `${label.image}=${metadata.uid}`;
    const { items } = await this.admin.list(Job, { namespace, labelSelector });
    return items.sort((a, b) => attemptOf(a) - attemptOf(b));
  }

  /** Waits for a Job of an Image: that of an attempt. */
  async job(name: string, options: { attempt?: number; namespace?: string } = {}): Promise<Job> {
    const { attempt = 1, namespace = this.namespace } = options;
    return eventually(
      async () => {
        const { status } = await this.image(name, namespace);
        const jobs = await this.jobs(name, namespace);
        return jobs.find(
          (job) =>
            attemptOf(job) === attempt &&
            hashOf(job) === status?.build?.inputsHash &&
            job.metadata.deletionTimestamp === undefined,
        );
      },
      { ...patient, message: `attempt ${attempt} of Image ${name}` },
    );
  }

  /** Does what a build does: pushes its image under the tag that it was told; answers with the digest. */
  async push(job: Job, image: PushedImage = {}): Promise<string> {
    const repository = (job.metadata.annotations?.[annotation.repository] ?? "")
      .split("/")
      .slice(1)
      .join("/");
    const hash = hashOf(job);
    const labels = { [inputsLabel]: hash };
    const layer = `${job.metadata.name} ${Math.random()}`;
    const target = { host: this.registry.host, repository };
    const { digest } = await pushImage(target, buildTag(hash), { labels, layer, ...image });
    return digest;
  }

  /** A repository of the registry, without the proxy. */
  repository(repository: string): Repository {
    return this.#registries.repository({ host: this.registry.host, repository });
  }

  /** Stops the replicas; called after the test file. */
  async end(): Promise<void> {
    this.proxy.clearFaults();
    await Promise.all(this.replicas.map((replica) => replica.stop()));
    await Promise.all([this.proxy.close(), this.#registries.close(), this.admin.close()]);
  }
}

function isIn({ status, metadata }: Image, phase: string, reason: string | undefined): boolean {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  const isCurrent = status?.observedGeneration === metadata.generation && status?.phase === phase;
  return isCurrent && (reason ?? ready?.reason) === ready?.reason;
}

/** Number of the attempt that a Job is. */
export function attemptOf({ metadata }: Job): number {
  return Number(metadata.annotations?.[annotation.attempt]);
}

/** Hash of the inputs of a Job. */
export function hashOf({ metadata }: Job): string {
  return metadata.annotations?.[annotation.inputsHash] ?? "";
}

/** Makes the harness of a test file. Call it in `beforeAll`. */
export async function startHarness(options: { namespaces?: number } = {}): Promise<Harness> {
  const { kubeconfigPath } = await useCluster();
  const access = loadAccess({ kubeconfigPath });
  const admin = new RestClient({ access, userAgent: "test", fieldManager: "test" });
  const namespace = await testNamespace();
  const others = await Promise.all(
    Array.from({ length: (options.namespaces ?? 1) - 1 }, () => testNamespace()),
  );
  await installKind(admin);
  const registry = await startTestRegistry();
  const registryProxy = await RegistryProxy.start(registry.host);
  const proxy = await startFaultProxy({ kubeconfigPath });
  const undoRights = await installRights(admin, [namespace, ...others]);
  const token = await tokenOf(admin, { namespace, name: operatorAccount });
  const namespaces = [namespace, ...others] as const;
  const harness = new Harness({ namespaces: [...namespaces], admin, proxy, registry, registryProxy, token });
  afterFile(() => harness.end());
  afterFile(undoRights);
  return harness;
}
