import { startCluster } from "@datalayer/devcluster/cluster";
import { stderrProgress } from "@datalayer/devcluster/progress";
import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { startFaultProxy } from "@datalayer/devcluster/testkit/fault-proxy";
import { type BuildStatus, Image } from "@datalayer/shared/crds/image";
import { loadAccess } from "@datalayer/shared/kube/access";
import { deleteIfThere } from "@datalayer/shared/kube/delete-if-there";
import { Namespace, Pod, Secret } from "@datalayer/shared/kube/kinds";
import { RestClient } from "@datalayer/shared/kube/rest";
import { expect } from "vitest";
import { podOf, unlessNotFound } from "../src/logs/attempt.ts";
import { podLog } from "../src/logs/pod-log.ts";
import { Registries } from "../src/registry/registry.ts";
import { imageManifest, type PartialSpec } from "./builders.ts";
import { installKind } from "./install-kind.ts";
import { launchReplica, type ReplicaSettings, type TestReplica } from "./test-replica.ts";

const namespace = "datalayer-builds";
const isBuilt = { timeoutMs: 240_000, intervalMs: 100 };

/** A real node on which the image-controller builds. */
export interface RealBuilds {
  namespace: string;
  admin: RestClient;
  registries: Registries;
  /** `host:port` of the registry. */
  host: string;
  /** `pip.conf` by which builds find the packages of the cluster. */
  pipConf: string;
  /** Starts a replica; a name serves once. It is stopped after the test file. */
  launch(settings?: ReplicaSettings, name?: string): Promise<TestReplica>;
  create(name: string, spec: PartialSpec): Promise<Image>;
  image(name: string): Promise<Image>;
  /** Deletes an Image, and waits until it is gone with its builds. */
  remove(name: string): Promise<void>;
  /** Waits until it has come so far, or cannot. */
  phase(name: string, phase: NonNullable<NonNullable<Image["status"]>["phase"]>): Promise<Image>;
  /** Creates an Image and waits until it is published; answers with it, and the time that this took. */
  build(name: string, spec: PartialSpec): Promise<{ image: Image; tookMs: number }>;
  /** Waits until the newest build of an Image has said this in a line of its own; answers with what its Image says of it. */
  said(name: string, words: string): Promise<BuildStatus>;
  /** What a command says in a container of an image. */
  outputOf(name: string, image: string, command: readonly string[]): Promise<string>;
}

/** Starts it; ended after the test file. */
export async function startRealBuilds(): Promise<RealBuilds> {
  const parts = { traefik: false, images: ["builds"] as const, progress: stderrProgress() };
  const cluster = await startCluster({ nodes: "real", ...parts });
  afterFile(() => cluster.down());
  const { kubeconfigPath, packageIndex = "", registry: host = "" } = cluster;
  const access = loadAccess({ kubeconfigPath });
  const admin = new RestClient({ access, userAgent: "test", fieldManager: "test" });
  afterFile(() => admin.close());
  const registries = new Registries({ plainHosts: [host] });
  afterFile(() => registries.close());
  await installKind(admin);
  await admin.create(Namespace, {
    apiVersion: "v1",
    kind: "Namespace",
    // BuildKit without root needs what Pod Security's level "baseline" forbids.
    metadata: { name: namespace, labels: { "pod-security.kubernetes.io/enforce": "privileged" } },
  });
  const proxy = await startFaultProxy({ kubeconfigPath });
  afterFile(() => proxy.close());
  const create = (name: string, spec: PartialSpec): Promise<Image> =>
    admin.create(Image, imageManifest(namespace, name, spec));
  const phase = (name: string, wanted: string): Promise<Image> => phaseOf(admin, name, wanted);
  return {
    ...{ namespace, admin, registries, host, create, phase },
    image: (name) => admin.get(Image, { namespace, name }),
    remove: (name) => remove(admin, name),
    pipConf: `[global]\nindex-url = ${packageIndex}\ntrusted-host = ${new URL(packageIndex).host}\n`,
    launch: async (settings, name = "builds") => {
      const replica = launchReplica({
        link: await proxy.client(name),
        namespaces: [namespace],
        settings: { DATALAYER_DOCKER_REGISTRY: host, DATALAYER_IMAGES_PLAIN_REGISTRIES: host, ...settings },
      });
      afterFile(() => replica.stop());
      return replica;
    },
    build: async (name, spec) => {
      const startedMs = performance.now();
      await create(name, spec);
      return { image: await phase(name, "Ready"), tookMs: Math.round(performance.now() - startedMs) };
    },
    said: (name, words) => said(admin, name, words),
    outputOf: (name, image, command) => outputOf(admin, { name, image, command }),
  };
}

/** The Secret that says where packages come from. */
export async function packageSources(
  { admin }: RealBuilds,
  stringData: Readonly<Record<string, string>>,
): Promise<void> {
  const metadata = { namespace, name: "package-sources" };
  await admin.create(Secret, { apiVersion: "v1", kind: "Secret", metadata, stringData });
}

async function remove(admin: RestClient, name: string): Promise<void> {
  const { metadata } = await admin.get(Image, { namespace, name });
  await deleteIfThere(admin, Image, metadata);
  const isGone = async () => (await unlessNotFound(admin.get(Image, metadata))) === undefined;
  await eventually(isGone, { timeoutMs: 60_000, message: `the end of Image ${name}` });
}

async function phaseOf(admin: RestClient, name: string, wanted: string): Promise<Image> {
  const image = await eventually(
    async () => {
      const found = await admin.get(Image, { namespace, name });
      const { status, metadata } = found;
      if (status?.phase === "Stalled") return found;
      return status?.phase === wanted && status.observedGeneration === metadata.generation && found;
    },
    { ...isBuilt, message: `Image ${name} being ${wanted}` },
  );
  expect(image.status?.phase, JSON.stringify(image.status, null, 1)).toBe(wanted);
  return image;
}

function said(admin: RestClient, name: string, words: string): Promise<BuildStatus> {
  return eventually(
    async () => {
      const image = await admin.get(Image, { namespace, name });
      return (await logOf(admin, image)).includes(`${words}\n`) && image.status?.build;
    },
    { timeoutMs: 120_000, message: `the build of ${name} saying "${words}"` },
  );
}

async function logOf(admin: RestClient, image: Image): Promise<string> {
  const { job: name } = image.status?.build ?? {};
  const pod = name === undefined ? undefined : await podOf({ image, name }, admin);
  if (!pod) return "";
  let text = "";
  const chunks = podLog(pod, { client: admin, signal: AbortSignal.timeout(10_000) });
  for await (const chunk of chunks) text += chunk.toString();
  return text;
}

async function outputOf(
  admin: RestClient,
  { name, image, command }: { name: string; image: string; command: readonly string[] },
): Promise<string> {
  const containers = [
    { name: "main", image, command: ["sh", "-c", '"$@" > /dev/termination-log', "sh", ...command] },
  ];
  await admin.create(Pod, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace, name },
    spec: { restartPolicy: "Never", containers },
  });
  return eventually(async () => {
    const { status } = await admin.get(Pod, { namespace, name });
    return status?.containerStatuses?.[0]?.state?.terminated?.message;
  }, isBuilt);
}
