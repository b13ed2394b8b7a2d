import { writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { startCluster, type StartedCluster } from "@datalayer/devcluster/cluster";
import { buildByHand } from "@datalayer/devcluster/testkit/build-by-hand";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { Image } from "@datalayer/shared/crds/image";
import { loadAccess } from "@datalayer/shared/kube/access";
import { Namespace } from "@datalayer/shared/kube/kinds";
import { RestClient } from "@datalayer/shared/kube/rest";
import { buildImageController } from "@datalayer/tools/start/controller";
import { buildsNamespace, startImages } from "@datalayer/tools/start/images";
import type { BenchContext } from "./claims.ts";
import { median, round } from "./measure/summary.ts";

const builtWithinMs = 600_000;
const sampleCount = 5;

/** What the parts of this bench share. */
interface Stage extends BenchContext {
  cluster: StartedCluster;
  admin: RestClient;
  registry: string;
}

/**
 * Builds images by the image-controller on a real node: what is there already, what only its last step tells from what is
 * there, from nothing, and many at once. From nothing is held against `buildctl` by hand in the same run.
 */
export async function benchImages(context: BenchContext): Promise<Record<string, unknown>> {
  const { progress, signal } = context;
  await progress.task("controller bundle", buildImageController);
  const cluster = await startCluster({
    name: `bench-${process.pid}`,
    nodes: "real",
    traefik: false,
    images: ["builds"],
    progress,
    signal,
  });
  const access = loadAccess({ kubeconfigPath: cluster.kubeconfigPath });
  const admin = new RestClient({ access, userAgent: "bench", fieldManager: "bench" });
  try {
    await admin.create(Namespace, {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "datalayer-runtimes" },
    });
    await startImages(cluster);
    return await measure({ ...context, cluster, admin, registry: cluster.registry ?? "" });
  } finally {
    await admin.close();
    await progress.task("cluster down", () => cluster.down());
  }
}

async function measure(stage: Stage): Promise<Record<string, unknown>> {
  const { options, progress } = stage;
  const samples = options.quick ? 1 : sampleCount;
  // The node pulls the builder before anything is timed.
  await progress.task("a first build", () => imageReady(stage, "first", dockerfile(stage, "first")));
  const cold = await progress.task(`${samples} builds from nothing`, () => coldBuilds(stage, samples));
  const noopMs = await progress.task("what is there already", () => again(stage, samples * 2));
  const cachedMs = await progress.task("all but the last step cached", () => cachedBuilds(stage, samples));
  const many = await progress.task(`${options.builds} builds in turn, and at once`, () => manyBuilds(stage));
  return { noopMs, cachedMs, ...cold, ...many, cores: availableParallelism(), load: loadavg().map(round) };
}

/** Work that takes some seconds and cannot be told from that of other marks before it runs. */
function dockerfile({ registry }: Stage, mark: string): string {
  return [
    `FROM ${registry}/datalayer/debian:bookworm`,
    `RUN head -c 50000000 /dev/zero | sha256sum > /sum && echo ${mark} >> /sum`,
    "RUN seq 1 300000 > /numbers && sort -R --random-source=/numbers /numbers > /shuffled",
    "",
  ].join("\n");
}

/** Creates an Image and resolves with the milliseconds until it was published. */
async function imageReady(stage: Stage, name: string, text: string, repository = name): Promise<number> {
  const { admin, registry } = stage;
  const startedMs = performance.now();
  await admin.create(Image, {
    apiVersion: "datalayer.io/v1",
    kind: "Image",
    metadata: { namespace: buildsNamespace, name },
    spec: {
      source: { inline: { dockerfile: text } },
      output: { repository: `${registry}/bench/${repository}`, tags: [name] },
    },
  });
  await untilReady(stage, name);
  return performance.now() - startedMs;
}

async function untilReady({ admin }: Stage, name: string): Promise<void> {
  const isReady = async (): Promise<boolean> => {
    const { status } = await admin.get(Image, { namespace: buildsNamespace, name });
    if (status?.phase === "Stalled") throw new Error(`Image ${name}: ${JSON.stringify(status.build)}`);
    return status?.phase === "Ready";
  };
  await eventually(isReady, {
    timeoutMs: builtWithinMs,
    intervalMs: 10,
    message: `Image ${name} to be ready`,
  });
}

/** Seconds of one build, as the objects have them: until its container ran, while it ran, and until it was published. */
async function phasesOf({ admin }: Stage, name: string): Promise<[number, number, number]> {
  const { metadata, status } = await admin.get(Image, { namespace: buildsNamespace, name });
  const { startedAt = "", finishedAt = "" } = status?.build ?? {};
  const publishedAt = status?.published?.[0]?.publishedAt ?? "";
  const [created, started, finished, published] = [
    metadata.creationTimestamp,
    startedAt,
    finishedAt,
    publishedAt,
  ].map((time) => Date.parse(time) / 1000) as [number, number, number, number];
  return [started - created, finished - started, published - finished];
}

async function coldBuilds(stage: Stage, samples: number): Promise<Record<string, unknown>> {
  const [byController, byHand]: [number[], number[]] = [[], []];
  const phases: [number, number, number][] = [];
  for (let turn = 0; turn < samples; turn++) {
    byController.push(await imageReady(stage, `cold-${turn}`, dockerfile(stage, `cold-${turn}`)));
    phases.push(await phasesOf(stage, `cold-${turn}`));
    byHand.push(await handBuild(stage, `hand-${turn}`));
  }
  const [coldMs, handMs] = [median(byController), median(byHand)];
  const [start, run, publish] = [0, 1, 2].map((part) => median(phases.map((one) => one[part] ?? 0)));
  return {
    coldMs: round(coldMs),
    handMs: round(handMs),
    coldOverheadRatio: round(coldMs / handMs),
    coldSeconds: { start, run, publish },
  };
}

/** The call of `buildctl` that a build in a Pod makes, on this machine itself and as root. */
async function handBuild(stage: Stage, name: string): Promise<number> {
  const { cluster, registry } = stage;
  const [text, image] = [dockerfile(stage, name), `${registry}/bench/${name}`];
  const cache = `type=registry,ref=${image}:buildcache`;
  await writeFile(join(cluster.directory, "Dockerfile"), text);
  const startedMs = performance.now();
  await buildByHand({
    args: [
      "--frontend=dockerfile.v0",
      ...["context", "dockerfile"].map((name) => `--local=${name}=${cluster.directory}`),
      `--output=type=image,name=${image}:h,push=true,oci-mediatypes=true,rewrite-timestamp=true`,
      `--import-cache=${cache}`,
      `--export-cache=${cache},mode=min,image-manifest=true,oci-mediatypes=true,ignore-error=true`,
      "--opt=build-arg:SOURCE_DATE_EPOCH=0",
      "--opt=attest:provenance=mode=min",
    ],
    buildkitdToml: `[registry."${registry}"]\n  http = true\n`,
  });
  return performance.now() - startedMs;
}

/** Images whose build the registry holds. */
async function again(stage: Stage, samples: number): Promise<number> {
  const times: number[] = [];
  for (let turn = 0; turn < samples; turn++) {
    times.push(await imageReady(stage, `again-${turn}`, dockerfile(stage, "first"), "first"));
  }
  return round(median(times));
}

async function cachedBuilds(stage: Stage, samples: number): Promise<number> {
  const times: number[] = [];
  for (let turn = 0; turn < samples; turn++) {
    const text = `${dockerfile(stage, "first")}LABEL turn=${turn}\n`;
    times.push(await imageReady(stage, `cached-${turn}`, text, "first"));
  }
  return round(median(times));
}

/** The same number of Images one after another, and at once. */
async function manyBuilds(stage: Stage): Promise<Record<string, number>> {
  const names = (kind: string): string[] =>
    Array.from({ length: stage.options.builds }, (_, i) => `${kind}-${i}`);
  const build = (name: string): Promise<number> => imageReady(stage, name, dockerfile(stage, name));
  const serialStartMs = performance.now();
  for (const name of names("serial")) await build(name);
  const serialMs = performance.now() - serialStartMs;
  const startMs = performance.now();
  await Promise.all(names("parallel").map(build));
  const parallelMs = performance.now() - startMs;
  return {
    serialMs: round(serialMs),
    parallelMs: round(parallelMs),
    parallelSpeedup: round(serialMs / parallelMs),
  };
}
