import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { startCluster } from "../cluster/cluster.ts";
import { coreApi } from "../cluster/nodes.ts";
import type { DevCluster } from "../cluster/running.ts";
import { stderrProgress } from "../progress/progress.ts";
import { buildByHand } from "../testkit/build-by-hand.ts";
import { createObjects } from "../testkit/create-objects.ts";
import { eventually } from "../testkit/eventually.ts";
import { tempDir } from "../testkit/temp-dir.ts";
import { builderImage, pythonImage } from "./build-images.ts";
import { registryAlias } from "./images.ts";

const namespace = "datalayer-builds";
const buildTimeout = { timeoutMs: 120_000, intervalMs: 100 };

const twoSteps = `FROM ${registryAlias}/datalayer/debian:bookworm
COPY message /message
RUN cat /message > /seen && id -u >> /seen
ENTRYPOINT ["cat", "/seen"]
`;

const environment = `FROM ${pythonImage}
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf pip install --no-cache-dir humanize==4.17.0
USER 1000:100
ENTRYPOINT ["python", "-c", "import humanize; print(humanize.intcomma(1234567))"]
`;

describe("given a real node with what builds need", () => {
  let cluster: DevCluster;

  beforeAll(async () => {
    cluster = await startCluster({
      nodes: "real",
      traefik: false,
      images: ["builds"],
      progress: stderrProgress(),
    });
    await createObjects(cluster.kubeconfigPath, stringify(buildsNamespace));
  });

  afterAll(() => cluster.down());

  it("builds without root in a Job, pushes, and reads the digest from the termination message", async () => {
    const files = { Dockerfile: twoSteps, message: "built in a Pod\n" };
    const built = await buildInJob(cluster, { name: "two-steps", files });
    expect(await digestInRegistry(cluster, built.repository)).toBe(built.digest);
    expect(await outputOf(cluster, "two-steps", `${built.repository}@${built.digest}`)).toBe(
      "built in a Pod\n0\n",
    );
    process.stderr.write(`built and pushed in ${built.tookMs} ms\n`);
  });

  it("gives the digest that the same build gives by hand", async () => {
    const files = { Dockerfile: twoSteps, message: "built twice\n" };
    const inJob = await buildInJob(cluster, { name: "in-job", files });
    const context = await folderWith(files);
    const startedMs = Date.now();
    const byHand = await buildByHand({
      args: buildArgs({ context, image: `${cluster.registry}/builds/by-hand:dev` }),
      buildkitdToml: buildkitdToml(cluster),
    });
    process.stderr.write(`in a Job in ${inJob.tookMs} ms, by hand in ${Date.now() - startedMs} ms\n`);
    expect(byHand["containerimage.digest"]).toBe(inJob.digest);
  });

  it("installs a package from the local index, and leaves no trace of where that is", async () => {
    const built = await buildInJob(cluster, { name: "environment", files: { Dockerfile: environment } });
    process.stderr.write(`an environment in ${built.tookMs} ms\n`);
    expect(await outputOf(cluster, "environment", `${built.repository}@${built.digest}`)).toBe("1,234,567\n");
    const manifest = await fromRegistry<{ config: { digest: string } }>(
      built.repository,
      `manifests/${built.digest}`,
    );
    const config = await fromRegistry<object>(built.repository, `blobs/${manifest.config.digest}`);
    expect(JSON.stringify(config)).toContain("pip install");
    expect(JSON.stringify(config)).not.toContain(new URL(cluster.packageIndex ?? "").host);
  });

  it("ends a build that fails with the reason in the termination message, and pushes nothing", async () => {
    const files = { Dockerfile: `FROM ${registryAlias}/datalayer/debian:bookworm\nRUN exit 7\n` };
    const { message, repository } = await failInJob(cluster, { name: "failing", files });
    expect(message).toContain("exit code: 7");
    expect(await digestInRegistry(cluster, repository)).toBeUndefined();
  });
});

/** BuildKit without root needs what Pod Security's level "baseline" forbids, so builds have a namespace to themselves. */
const buildsNamespace = {
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: namespace, labels: { "pod-security.kubernetes.io/enforce": "privileged" } },
};

interface Build {
  name: string;
  /** The files of the context, by name. */
  files: Readonly<Record<string, string>>;
}

/** What was built, and how long the container ran for it, in milliseconds. */
interface Built {
  repository: string;
  digest: string;
  tookMs: number;
}

async function buildInJob(cluster: DevCluster, build: Build): Promise<Built> {
  const { repository, ended } = await runJob(cluster, build);
  const { startedAt, finishedAt, message: digest = "" } = ended;
  expect(ended.exitCode, digest).toBe(0);
  expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  return { repository, digest, tookMs: Number(finishedAt) - Number(startedAt) };
}

async function failInJob(
  cluster: DevCluster,
  build: Build,
): Promise<{ repository: string; message: string }> {
  const { repository, ended } = await runJob(cluster, build);
  expect(ended.exitCode).not.toBe(0);
  return { repository, message: ended.message ?? "" };
}

/** Runs the Job of a build to its end, and resolves with how its container ended. */
async function runJob(cluster: DevCluster, build: Build) {
  const repository = `${cluster.registry}/builds/${build.name}`;
  for (const object of buildObjects(cluster, { ...build, image: `${repository}:dev` })) {
    await createObjects(cluster.kubeconfigPath, stringify(object));
  }
  const labelSelector = `job-name=${build.name}`;
  const ended = await eventually(
    async () => {
      const { items } = await coreApi(cluster.kubeconfigPath).listNamespacedPod({ namespace, labelSelector });
      return items[0]?.status?.containerStatuses?.[0]?.state?.terminated;
    },
    { ...buildTimeout, message: `Job ${build.name} to end` },
  );
  return { repository, ended };
}

/** Runs `buildctl build` with the arguments, and hands over the digest as the controllers of Jobs read it. */
const script = `
buildctl-daemonless.sh build "$@" --metadata-file=/tmp/metadata.json
sed -n 's/.*"containerimage.digest": "\\(.*\\)".*/\\1/p' /tmp/metadata.json | tr -d '\\n' >/dev/termination-log
`;

function buildArgs({ context, image }: { context: string; image: string }): string[] {
  return [
    "--progress=plain",
    "--frontend=dockerfile.v0",
    `--local=context=${context}`,
    `--local=dockerfile=${context}`,
    `--output=type=image,name=${image},push=true,oci-mediatypes=true,rewrite-timestamp=true`,
    "--opt=build-arg:SOURCE_DATE_EPOCH=0",
  ];
}

/** The registry of the cluster speaks plain HTTP, and its images are asked for by a name that all clusters have. */
function buildkitdToml({ registry }: DevCluster): string {
  return `[registry."${registry}"]\n  http = true\n[registry."${registryAlias}"]\n  mirrors = ["${registry}"]\n`;
}

function pipConf({ packageIndex = "" }: DevCluster): string {
  return `[global]\nindex-url = ${packageIndex}\ntrusted-host = ${new URL(packageIndex).host}\n`;
}

/** The objects of a build, in the order in which they are made. */
function buildObjects(cluster: DevCluster, { name, files, image }: Build & { image: string }): object[] {
  const data = { ...files, "buildkitd.toml": buildkitdToml(cluster) };
  return [
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, data },
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace },
      stringData: { "pip.conf": pipConf(cluster) },
    },
    buildJob(name, Object.keys(files), [
      ...buildArgs({ context: "/context", image }),
      "--secret=id=pip.conf,src=/secrets/pip.conf",
    ]),
  ];
}

function buildJob(name: string, files: readonly string[], args: readonly string[]): object {
  const pod = {
    restartPolicy: "Never",
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      fsGroup: 1000,
      seccompProfile: { type: "Unconfined" },
      appArmorProfile: { type: "Unconfined" },
    },
    containers: [buildContainer(files, args)],
    volumes: [
      { name: "files", configMap: { name } },
      { name: "secrets", secret: { secretName: name, defaultMode: 0o440 } },
      { name: "state", emptyDir: {} },
      { name: "tmp", emptyDir: {} },
      { name: "run", emptyDir: {} },
    ],
  };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, namespace },
    spec: { backoffLimit: 0, activeDeadlineSeconds: 600, template: { spec: pod } },
  };
}

function buildContainer(files: readonly string[], args: readonly string[]): object {
  return {
    name: "build",
    image: builderImage,
    command: ["sh", "-ec", script, "build"],
    args,
    env: [
      // Pods may not see all of /proc, which processes of their own would need.
      { name: "BUILDKITD_FLAGS", value: "--oci-worker-no-process-sandbox" },
      { name: "BUILDCTL_CONNECT_RETRIES_MAX", value: "100" },
      { name: "TMPDIR", value: "/tmp" },
    ],
    terminationMessagePolicy: "FallbackToLogsOnError",
    securityContext: {
      // newuidmap and newgidmap get their capabilities from their files.
      allowPrivilegeEscalation: true,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"], add: ["SETUID", "SETGID"] },
    },
    resources: {
      requests: { cpu: "100m", memory: "256Mi" },
      limits: { memory: "2Gi", "ephemeral-storage": "5Gi" },
    },
    volumeMounts: [
      // File by file: a folder of a ConfigMap has others that change with each Pod, which COPY would take.
      ...files.map((file) => ({
        name: "files",
        mountPath: `/context/${file}`,
        subPath: file,
        readOnly: true,
      })),
      {
        name: "files",
        mountPath: "/home/user/.config/buildkit/buildkitd.toml",
        subPath: "buildkitd.toml",
        readOnly: true,
      },
      { name: "secrets", mountPath: "/secrets", readOnly: true },
      { name: "state", mountPath: "/home/user/.local/share/buildkit" },
      { name: "tmp", mountPath: "/tmp" },
      { name: "run", mountPath: "/run/user/1000" },
    ],
  };
}

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const dir = await tempDir();
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(dir, name), text);
  }
  return dir;
}

/** Without it, the registry says of such a manifest that there is none. */
const accept = "application/vnd.oci.image.manifest.v1+json";

/** The digest that the registry has for the tag of a build; undefined when there is none. */
async function digestInRegistry(cluster: DevCluster, repository: string): Promise<string | undefined> {
  const path = repository.slice(`${cluster.registry}/`.length);
  const { statusCode, headers, body } = await request(`http://${cluster.registry}/v2/${path}/manifests/dev`, {
    method: "HEAD",
    headers: { accept },
  });
  await body.dump();
  return statusCode === 200 ? String(headers["docker-content-digest"]) : undefined;
}

/** A document of a repository, such as a manifest. */
async function fromRegistry<T>(repository: string, path: string): Promise<T> {
  const [host = "", ...name] = repository.split("/");
  const { body } = await request(`http://${host}/v2/${name.join("/")}/${path}`, {
    headers: { accept: `${accept}, */*` },
  });
  return (await body.json()) as T;
}

/** What a container of the image writes. */
async function outputOf({ kubeconfigPath }: DevCluster, name: string, image: string): Promise<string> {
  const core = coreApi(kubeconfigPath);
  const spec = { restartPolicy: "Never", containers: [{ name: "main", image }] };
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: `run-${name}`, namespace }, spec };
  await createObjects(kubeconfigPath, stringify(pod));
  const key = { namespace, name: `run-${name}` };
  await eventually(
    async () => (await core.readNamespacedPod(key)).status?.phase === "Succeeded",
    buildTimeout,
  );
  return core.readNamespacedPodLog(key);
}
