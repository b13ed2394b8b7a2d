import { startCluster } from "@datalayer/devcluster/cluster";
import { stderrProgress } from "@datalayer/devcluster/progress";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { startFaultProxy } from "@datalayer/devcluster/testkit/fault-proxy";
import { Image } from "@datalayer/shared/crds/image";
import { loadAccess } from "@datalayer/shared/kube/access";
import { Job, Namespace, Pod, Secret } from "@datalayer/shared/kube/kinds";
import { RestClient } from "@datalayer/shared/kube/rest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { imageManifest, type PartialSpec } from "../test/builders.ts";
import { installKind } from "../test/install-kind.ts";
import { launchReplica, type TestReplica } from "../test/test-replica.ts";
import { Registries } from "./registry/registry.ts";

const namespace = "datalayer-builds";
const isBuilt = { timeoutMs: 240_000, intervalMs: 100 };

describe("given a real node", () => {
  let cluster: Awaited<ReturnType<typeof startCluster>>;
  let proxy: Awaited<ReturnType<typeof startFaultProxy>>;
  let admin: RestClient;
  let registries: Registries;
  let host: string;
  const replicas: TestReplica[] = [];

  beforeAll(async () => {
    const parts = { traefik: false, images: ["builds"] as const, progress: stderrProgress() };
    cluster = await startCluster({ nodes: "real", ...parts });
    const { kubeconfigPath, packageIndex = "" } = cluster;
    host = cluster.registry ?? "";
    admin = new RestClient({
      access: loadAccess({ kubeconfigPath }),
      userAgent: "test",
      fieldManager: "test",
    });
    registries = new Registries({ plainHosts: [host] });
    await installKind(admin);
    await admin.create(Namespace, {
      apiVersion: "v1",
      kind: "Namespace",
      // BuildKit without root needs what Pod Security's level "baseline" forbids.
      metadata: { name: namespace, labels: { "pod-security.kubernetes.io/enforce": "privileged" } },
    });
    const pipConf = `[global]\nindex-url = ${packageIndex}\ntrusted-host = ${new URL(packageIndex).host}\n`;
    await admin.create(Secret, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { namespace, name: "package-sources" },
      stringData: { "pip.conf": pipConf },
    });
    proxy = await startFaultProxy({ kubeconfigPath });
    replicas.push(
      launchReplica({
        link: await proxy.client("builds"),
        namespaces: [namespace],
        settings: { DATALAYER_DOCKER_REGISTRY: host, DATALAYER_IMAGES_PLAIN_REGISTRIES: host },
      }),
    );
  });

  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.stop()));
    await Promise.all([proxy.close(), admin.close(), registries.close()]);
    await cluster.down();
  });

  /** Creates an Image and waits until it is published; answers with it, and the time that this took. */
  async function build(name: string, spec: PartialSpec): Promise<{ image: Image; tookMs: number }> {
    const startedMs = performance.now();
    await admin.create(Image, imageManifest(namespace, name, spec));
    return { image: await published(name), tookMs: Math.round(performance.now() - startedMs) };
  }

  function published(name: string): Promise<Image> {
    let last: Image | undefined;
    return eventually(
      async () => {
        last = await admin.get(Image, { namespace, name });
        const { status, metadata } = last;
        if (status?.phase === "Stalled") return last;
        return status?.phase === "Ready" && status.observedGeneration === metadata.generation && last;
      },
      { ...isBuilt, message: `Image ${name} being published` },
    ).then((image) => {
      expect(image.status?.phase, JSON.stringify(image.status, null, 1)).toBe("Ready");
      return image;
    });
  }

  const environment = (): PartialSpec => ({
    source: { environment: { base: `${host}/datalayer/python:3.11`, pip: ["humanize==4.17.0"] } },
  });

  it("builds an environment without root, and names the digest that the registry holds", async () => {
    const { image, tookMs } = await build("environment", environment());
    process.stderr.write(`an environment from nothing to Ready in ${tookMs} ms\n`);
    const { status } = image;
    const repository = registries.repository({ host, repository: "environment" });
    const digest = await repository.digest("latest");
    expect(status?.image).toBe(`${host}/environment@${digest}`);
    expect(await repository.digest(status?.indexDigest ?? "")).toBe(status?.indexDigest);
    expect(status?.build).toMatchObject({ reason: "Succeeded", attempt: 1 });
    expect(await outputOf(status?.image ?? "")).toBe("1,234,567");
  });

  it("makes no Pod for a build that the registry has already", async () => {
    const spec = { ...environment(), output: { repository: `${host}/environment`, tags: ["again"] } };
    const { image, tookMs } = await build("again", spec);
    process.stderr.write(`the same inputs from nothing to Ready in ${tookMs} ms\n`);
    const first = await admin.get(Image, { namespace, name: "environment" });
    expect(image.status?.image).toBe(first.status?.image);
    const { items } = await admin.list(Job, { namespace });
    expect(items.map(({ metadata }) => metadata.ownerReferences?.[0]?.name)).toEqual(["environment"]);
  });

  it("says why a build failed, with the end of its log", async () => {
    const dockerfile = `FROM ${host}/datalayer/debian:bookworm\nRUN echo about to fail && exit 7\n`;
    await admin.create(Image, imageManifest(namespace, "failing", { source: { inline: { dockerfile } } }));
    const { status } = await eventually(
      async () => {
        const image = await admin.get(Image, { namespace, name: "failing" });
        return image.status?.phase === "Stalled" && image;
      },
      { ...isBuilt, message: "the failure being said" },
    );
    expect(status?.build).toMatchObject({ reason: "BuildFailed", attempt: 1 });
    expect(status?.build?.logTail).toContain("exit code: 7");
  });

  /** What the new package says in a container of the image. */
  async function outputOf(image: string): Promise<string> {
    const name = "use";
    const code = "import humanize; open('/dev/termination-log', 'w').write(humanize.intcomma(1234567))";
    const containers = [{ name: "main", image, command: ["python3", "-c", code] }];
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
});
