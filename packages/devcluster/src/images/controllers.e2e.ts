import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { cp, mkdir, readdir, readFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createZstdDecompress } from "node:zlib";
import { request } from "undici";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { stringify } from "yaml";
import { startCluster } from "../cluster/cluster.ts";
import { coreApi } from "../cluster/nodes.ts";
import type { DevCluster } from "../cluster/running.ts";
import { applyManifests } from "../manifests/apply.ts";
import { run } from "../process/run.ts";
import { silentProgress, stderrProgress } from "../progress/progress.ts";
import { Provisioner } from "../provision/provisioner.ts";
import { repositoryPath } from "../provision/repository.ts";
import { readSettings } from "../settings.ts";
import { buildByHand } from "../testkit/build-by-hand.ts";
import { makeCertificate } from "../testkit/certificate.ts";
import { createObjects } from "../testkit/create-objects.ts";
import { eventually } from "../testkit/eventually.ts";
import { tempDir } from "../testkit/temp-dir.ts";
import { testProvisioner } from "../testkit/test-provisioner.ts";
import { provideControllerImages } from "./controllers.ts";
import { imageReference, type LocalImage } from "./images.ts";
import { type Blob, blobPath, readOciImage } from "./oci-image.ts";

const namespace = "controllers";
const mebibyte = 1024 * 1024;

describe("the images of the controllers", () => {
  let images: LocalImage[];

  beforeAll(async () => {
    images = await provideControllerImages(testProvisioner());
  });

  it("are the same when they are made again from nothing", async () => {
    const cacheDir = await tempDir();
    const { searchPath } = readSettings();
    const again = new Provisioner({ cacheDir, searchPath, progress: silentProgress });
    const digests = (of: LocalImage[]) =>
      Promise.all(
        of.map(async ({ repository, dir }) => [repository, (await readOciImage(dir)).manifest.digest]),
      );
    expect(await digests(await provideControllerImages(again))).toEqual(await digests(images));
  });

  it("share the layers below their own, and are small", async () => {
    const layers = await Promise.all(images.map(async ({ dir }) => (await readOciImage(dir)).layers));
    const common = Math.min(...layers.map(({ length }) => length)) - 1;
    expect(new Set(layers.map((each) => JSON.stringify(each.slice(0, common)))).size).toBe(1);
    for (const [index, { repository }] of images.entries()) {
      const sizes = layers[index]?.map(({ size }) => size / mebibyte) ?? [];
      process.stderr.write(`${repository}: ${sizes.map((size) => size.toFixed(1)).join(" + ")} MiB\n`);
      expect(sizes.at(-1)).toBeLessThan(3);
      // Git and what it loads are a layer of their own.
      expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(sizes.length > common + 1 ? 60 : 45);
    }
  });

  it("hold, that of the image-controller, git, which reads repositories over HTTPS and trusts the authorities of Debian", async () => {
    const image = images.find(({ repository }) => repository === "datalayer/image-controller")!;
    const root = await rootOf(image.dir);
    const url = await httpsUrl();
    await expect(runIn(root, ["git", "ls-remote", url])).rejects.toThrow(/certificate verification failed/);
    const trusting = ["git", "-c", "http.sslVerify=false", "ls-remote", url];
    await expect(runIn(root, trusting)).rejects.toThrow(/not found/);
  });

  it("are configured as those that the Dockerfile makes", async () => {
    for (const image of images) {
      const built = await buildFromDockerfile(image);
      expect(built).toEqual(await configOf(image.dir));
    }
  });
});

describe("given a real node with the images of the controllers", () => {
  let cluster: DevCluster;

  beforeAll(async () => {
    cluster = await startCluster({
      nodes: "real",
      traefik: false,
      images: ["controllers"],
      progress: stderrProgress(),
    });
    const { kubeconfigPath } = cluster;
    const kinds = ["runtime-controller", "route-controller", "image-controller"].map((name) =>
      repositoryPath("charts", name, "files", "crds"),
    );
    await applyManifests(kinds, { kubeconfigPath });
    await createObjects(kubeconfigPath, stringify(restrictedNamespace));
    await createObjects(kubeconfigPath, stringify(everyRight));
  });

  afterAll(() => cluster.down());

  it.each(["runtime-controller", "route-controller", "image-controller"])(
    "%s runs in a restricted Pod, and is ready before it has used a second and a half of processor time",
    async (name) => {
      const { address, pid } = await startPod(cluster, name);
      const ready = await eventually(async () => {
        const { statusCode, body } = await request(`http://${address}:8081/readyz`);
        await body.dump();
        return statusCode === 200 ? { atMs: Date.now(), ...(await timesOf(pid)) } : undefined;
      }, podTimeout);
      const [line = ""] = (
        await coreApi(cluster.kubeconfigPath).readNamespacedPodLog({ namespace, name })
      ).split("\n");
      const firstLine = JSON.parse(line) as { time: string };
      process.stderr.write(
        `${name}: first line after ${Date.parse(firstLine.time) - ready.startedMs} ms, ready after ` +
          `${ready.atMs - ready.startedMs} ms, ${ready.processorMs} ms of processor time\n`,
      );
      expect(ready.processorMs).toBeLessThan(1500);
    },
  );

  it("has the commands of the route-controller in its image", async () => {
    await createObjects(
      cluster.kubeconfigPath,
      stringify(await pod(cluster, "route-controller", ["import", "--help"])),
    );
    const core = coreApi(cluster.kubeconfigPath);
    const output = await eventually(async () => {
      const text = await core.readNamespacedPodLog({ namespace, name: "route-controller-import" });
      return text === "" ? undefined : text;
    }, podTimeout);
    expect(output).toMatch(/^Usage: .*route-controller import/);
  });
});

const podTimeout = { timeoutMs: 60_000, intervalMs: 20 };

const restrictedNamespace = {
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: namespace, labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
};

/** What controllers may do is no matter of their images. */
const everyRight = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRoleBinding",
  metadata: { name: "controllers" },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
  subjects: [{ kind: "ServiceAccount", name: "default", namespace }],
};

/** A Pod of a controller, which may do nothing that its work does not need. */
async function pod(cluster: DevCluster, controller: string, args: readonly string[] = []): Promise<object> {
  const { hostname, port } = new URL(cluster.server);
  const environment = {
    // There is nothing here that would lead from the address of a Service to its endpoints.
    KUBERNETES_SERVICE_HOST: hostname,
    KUBERNETES_SERVICE_PORT: port,
    POD_NAMESPACE: namespace,
    DATALAYER_WATCH_NAMESPACES: namespace,
    DATALAYER_OPERATOR_API_KEY: "0123456789abcdef",
  };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: [controller, ...args.slice(0, 1)].join("-"), namespace },
    spec: {
      restartPolicy: "Never",
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: "controller",
          image: await imageOf(controller),
          args,
          env: Object.entries(environment).map(([name, value]) => ({ name, value })),
          securityContext: {
            readOnlyRootFilesystem: true,
            allowPrivilegeEscalation: false,
            capabilities: { drop: ["ALL"] },
          },
        },
      ],
    },
  };
}

async function imageOf(controller: string): Promise<string> {
  const images = await provideControllerImages(testProvisioner());
  const image = images.find(({ repository }) => repository === `datalayer/${controller}`);
  if (image === undefined) throw new Error(`there is no image of ${controller}`);
  return imageReference(image);
}

/** Starts a controller, and resolves with the address of its Pod and its process on this machine. */
async function startPod(cluster: DevCluster, name: string): Promise<{ address: string; pid: string }> {
  await createObjects(cluster.kubeconfigPath, stringify(await pod(cluster, name)));
  const address = await eventually(async () => {
    const { status } = await coreApi(cluster.kubeconfigPath).readNamespacedPod({ namespace, name });
    return status?.podIP;
  }, podTimeout);
  const pid = await eventually(() => processAt(cluster, name), podTimeout);
  return { address, pid };
}

/** The process of a Pod of this cluster, by what is in its environment. */
async function processAt(cluster: DevCluster, podName: string): Promise<string | undefined> {
  const marks = [`HOSTNAME=${podName}`, `KUBERNETES_SERVICE_PORT=${new URL(cluster.server).port}`];
  for (const pid of (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry))) {
    const environment = (await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "")).split("\0");
    if (marks.every((mark) => environment.includes(mark))) return pid;
  }
  return undefined;
}

/** When a process started, and how much of the processors it has used, in milliseconds. */
async function timesOf(pid: string): Promise<{ startedMs: number; processorMs: number }> {
  const [stat, uptime] = await Promise.all([
    readFile(`/proc/${pid}/stat`, "utf8"),
    readFile("/proc/uptime", "utf8"),
  ]);
  // After the name of the program, which may contain blanks; in hundredths of a second.
  const fields = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  const [user = 0, system = 0] = fields.slice(11);
  const ageMs = Number(uptime.split(" ")[0]) * 1000 - (fields[19] ?? 0) * 10;
  return { startedMs: Date.now() - ageMs, processorMs: (user + system) * 10 };
}

/** The configuration of an image in a folder, as the containers of it get it. */
async function configOf(dir: string): Promise<unknown> {
  const { config } = await readOciImage(dir);
  return (JSON.parse(await readFile(blobPath(dir, config.digest), "utf8")) as { config: unknown }).config;
}

/** Builds an image of the same content from the Dockerfile, and resolves with its configuration. */
async function buildFromDockerfile({ repository, tag, dir }: LocalImage): Promise<unknown> {
  const [context, node, output] = await Promise.all([tempDir(), tempDir(), tempDir()]);
  const name = repository.slice("datalayer/".length);
  const { layers } = await readOciImage(dir);
  for (const layer of layers.slice(-1)) await unpack(dir, layer, context);
  await mkdir(join(context, "packages"));
  await cp(join(context, "app"), join(context, "packages", name), { recursive: true });
  await mkdir(join(node, "usr", "local", "bin"), { recursive: true });
  await cp(repositoryPath("node_modules", "node", "bin", "node"), join(node, "usr", "local", "bin", "node"));
  const args = { CONTROLLER: name, VERSION: tag, BASE: "scratch" };
  await buildByHand({
    args: [
      "--frontend=dockerfile.v0",
      `--local=context=${context}`,
      `--local=dockerfile=${repositoryPath("tools", "images", "controller")}`,
      // Stands in for the public image of Node.
      ...["--opt=context:node=local:node", `--local=node=${node}`],
      ...Object.entries(args).map(([key, value]) => `--opt=build-arg:${key}=${value}`),
      `--output=type=oci,tar=false,dest=${output}`,
    ],
    buildkitdToml: "",
  });
  return configOf(output);
}

/** Unpacks a layer of an image. */
async function unpack(dir: string, layer: Blob, target: string): Promise<void> {
  const tar = join(await tempDir(), "layer.tar");
  await pipeline(
    createReadStream(blobPath(dir, layer.digest)),
    createZstdDecompress(),
    createWriteStream(tar),
  );
  await run("tar", ["-C", target, "-xf", tar]);
}

/** A folder with the files of an image. */
async function rootOf(dir: string): Promise<string> {
  const root = await tempDir();
  for (const layer of (await readOciImage(dir)).layers) await unpack(dir, layer, root);
  return root;
}

/** Runs a program of an unpacked image as its user. */
function runIn(root: string, command: readonly string[]): Promise<string> {
  const script = 'mkdir -p "$1/dev"; mount --rbind /dev "$1/dev"; exec chroot --userspec=65532:65532 "$@"';
  return run("unshare", ["--mount", "sh", "-euc", script, "run", root, ...command]);
}

/** Of a server that knows no page, with a certificate that nobody vouches for. */
async function httpsUrl(): Promise<string> {
  const server = createServer(
    await makeCertificate({ ip: "127.0.0.1", name: "localhost" }),
    (_request, response) => {
      response.writeHead(404).end();
    },
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}/none.git`;
}
