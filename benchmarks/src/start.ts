import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startCluster, type StartedCluster } from "@datalayer/devcluster/cluster";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { provideHelm } from "@datalayer/devcluster/testkit/helm";
import { Image } from "@datalayer/shared/crds/image";
import { Route } from "@datalayer/shared/crds/route";
import { loadAccess } from "@datalayer/shared/kube/access";
import { RestClient } from "@datalayer/shared/kube/rest";
import { chartValues } from "@datalayer/tools/start/chart-values";
import {
  buildController,
  buildImageController,
  buildRouteController,
  controllerArgs,
  imageControllerArgs,
  routeControllerArgs,
} from "@datalayer/tools/start/controller";
import { applyExample } from "@datalayer/tools/start/example";
import { buildsNamespace } from "@datalayer/tools/start/images";
import type { BenchContext } from "./claims.ts";
import { sumOf } from "./measure/exposition.ts";
import { median, round } from "./measure/summary.ts";
import { kubeconfigFor, namespace, requestToken } from "./setup/bench-cluster.ts";
import { ControllerProcess, newApiKey } from "./setup/controller-process.ts";

const release = "datalayer-operator";
const sampleCount = 5;
const mebibyte = 1024 * 1024;
const root = fileURLToPath(new URL("../../", import.meta.url));
const exec = promisify(execFile);

/** The controllers: what Node runs of each, and the account that it runs under. */
const controllers = {
  "runtime-controller": { args: controllerArgs, account: "datalayer-operator-sa", build: buildController },
  "route-controller": {
    args: routeControllerArgs,
    account: "datalayer-route-controller-sa",
    build: buildRouteController,
  },
  "image-controller": {
    args: imageControllerArgs,
    account: "datalayer-image-controller-sa",
    build: buildImageController,
  },
} as const;
type ControllerName = keyof typeof controllers;
const names = Object.keys(controllers) as ControllerName[];

/** What the parts of this bench share. */
interface Stage extends BenchContext {
  cluster: StartedCluster;
  admin: RestClient;
}

/** Weighs the images, installs the operator as an administrator does, and starts each controller over and over. */
export async function benchStart(context: BenchContext): Promise<Record<string, unknown>> {
  const { progress, signal } = context;
  for (const name of names) await progress.task(`${name} bundle`, controllers[name].build);
  const cluster = await startCluster({
    name: `bench-${process.pid}`,
    nodes: "real",
    images: ["controllers"],
    progress,
    signal,
  });
  const access = loadAccess({ kubeconfigPath: cluster.kubeconfigPath });
  const admin = new RestClient({ access, userAgent: "bench", fieldManager: "bench" });
  try {
    return await measure({ ...context, cluster, admin });
  } finally {
    await admin.close();
    await progress.task("cluster down", () => cluster.down());
  }
}

async function measure(stage: Stage): Promise<Record<string, unknown>> {
  const { options, progress, cluster } = stage;
  const imageMiB = await eachOf((name) => imageSize(cluster, name));
  const upMs = await progress.task("plane up", () => up(cluster));
  await progress.task("objects, and nobody to look at them", () => leaveToNobody(stage));
  const samples = options.quick ? 1 : sampleCount;
  const firstReconcileMs = await progress.task(`${samples} starts of each controller`, () =>
    eachOf((name) => starts(stage, name, samples)),
  );
  return { imageMiB, upMs, firstReconcileMs, cores: availableParallelism(), load: loadavg().map(round) };
}

async function eachOf(measured: (name: ControllerName) => Promise<number>): Promise<Record<string, number>> {
  const figures: [string, number][] = [];
  for (const name of names) figures.push([name, round(await measured(name))]);
  return Object.fromEntries(figures);
}

/** What a node downloads: the layers as the registry has them, those that images share counted for each. */
async function imageSize({ registry = "" }: StartedCluster, name: ControllerName): Promise<number> {
  const repository = `http://${registry}/v2/datalayer/${name}`;
  const { tags } = (await (await fetch(`${repository}/tags/list`)).json()) as { tags: string[] };
  const accept = "application/vnd.oci.image.manifest.v1+json";
  const answer = await fetch(`${repository}/manifests/${tags[0] ?? ""}`, { headers: { accept } });
  const { layers } = (await answer.json()) as { layers: { size: number }[] };
  return layers.reduce((sum, { size }) => sum + size, 0) / mebibyte;
}

/** Installs the operator; resolves with the milliseconds until the command found everything ready. */
async function up(cluster: StartedCluster): Promise<number> {
  const { global, extraEnv } = chartValues(cluster);
  const values = {
    global,
    operator: { extraEnv },
    "route-controller": { extraEnv, verifier: { extraEnv } },
    "image-controller": { extraEnv },
  };
  const path = join(cluster.directory, "values.json");
  await writeFile(path, JSON.stringify(values));
  const env = { ...cluster.env(), HOME: cluster.directory, PLANE_HELM: await provideHelm() };
  const plane = join(root, "packages/cli/src/plane.ts");
  const args = ["up", release, "--chart", join(root, "charts/operator"), "--values", path];
  const startedMs = performance.now();
  await exec(process.execPath, [plane, ...args], { env });
  return round(performance.now() - startedMs);
}

/** Creates an object of each controller, and ends the Pods that would look at them: processes here do it instead. */
async function leaveToNobody({ cluster, admin }: Stage): Promise<void> {
  // kubectl keeps what it learns of the kinds in the home folder.
  const env = { ...cluster.env(), HOME: cluster.directory };
  const kubectl = (...args: string[]) => exec("kubectl", [...args, "--namespace", namespace], { env });
  await kubectl("scale", "deployments", "--selector", "app=operator", "--replicas=0");
  await kubectl("wait", "pods", "--selector", "app=operator", "--for=delete", "--timeout=60s");
  await applyExample(cluster);
  await admin.create(Route, {
    apiVersion: Route.apiVersion,
    kind: Route.kind,
    metadata: { namespace, name: "bench" },
    spec: {
      hosts: ["bench.example.org"],
      auth: { none: {} },
      rules: [{ targets: [{ service: { name: "nowhere" }, port: 80 }] }],
    },
  });
  await admin.create(Image, {
    apiVersion: Image.apiVersion,
    kind: Image.kind,
    metadata: { namespace: buildsNamespace, name: "bench" },
    spec: {
      source: { inline: { dockerfile: "FROM scratch\n" } },
      output: { repository: `${cluster.registry ?? ""}/bench` },
      policy: { suspend: true },
    },
  });
}

/** Starts a controller some times; the median of the milliseconds until it had looked at an object. */
async function starts({ cluster, admin }: Stage, name: ControllerName, samples: number): Promise<number> {
  const { args, account } = controllers[name];
  const kubeconfig = await kubeconfigFor(cluster, await requestToken(admin, account));
  const durations: number[] = [];
  for (let turn = 0; turn < samples; turn++) {
    const startedMs = performance.now();
    const controller = await ControllerProcess.start({
      name: `bench-start-${name}`,
      kubeconfig,
      apiKey: newApiKey(),
      args,
    });
    await eventually(
      async () => sumOf(await controller.metrics(), "controller_runtime_reconcile_total") > 0,
      {
        intervalMs: 5,
        message: `the first reconcile of the ${name}`,
      },
    );
    durations.push(performance.now() - startedMs);
    await controller.stop();
  }
  return median(durations);
}
