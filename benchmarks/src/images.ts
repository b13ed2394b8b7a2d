import { writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { startCluster } from "@datalayer/devcluster/cluster";
import { buildByHand } from "@datalayer/devcluster/testkit/build-by-hand";
import { Image } from "@datalayer/shared/crds/image";
import { loadAccess } from "@datalayer/shared/kube/access";
import { Informer } from "@datalayer/shared/kube/informer";
import { Namespace } from "@datalayer/shared/kube/kinds";
import { RestClient } from "@datalayer/shared/kube/rest";
import { silentLogger } from "@datalayer/shared/log/logger";
import { buildImageController } from "@datalayer/tools/start/controller";
import { buildsNamespace, startImages } from "@datalayer/tools/start/images";
import type { BenchContext } from "./claims.ts";
import { buildNamespaces, manyBuilds } from "./images-many.ts";
import { dockerfile, imageReady, type Stage } from "./images-stage.ts";
import { median, round } from "./measure/summary.ts";

const sampleCount = 5;
/** A build of some seconds, and one of about half a minute, which a small environment takes. */
const lengths = { short: { rounds: 1, samples: sampleCount }, long: { rounds: 10, samples: 3 } };

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
  const over = new AbortController();
  try {
    await admin.create(Namespace, {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "datalayer-runtimes" },
    });
    await startImages(cluster, buildNamespaces);
    const images = new Informer({ kind: Image, client: admin, log: silentLogger });
    images.start(over.signal);
    await images.synced();
    return await measure({ ...context, cluster, admin, images, registry: cluster.registry ?? "" });
  } finally {
    over.abort();
    await admin.close();
    await progress.task("cluster down", () => cluster.down());
  }
}

async function measure(stage: Stage): Promise<Record<string, unknown>> {
  const { options, progress } = stage;
  const samples = options.quick ? 1 : sampleCount;
  // The node pulls the builder before anything is timed.
  await progress.task("a first build", () => imageReady(stage, "first", dockerfile(stage, "first")));
  const short = await coldBuilds(stage, "short");
  const cold = await coldBuilds(stage, "long");
  const noopMs = await progress.task("what is there already", () => again(stage, samples * 2));
  const cachedMs = await progress.task("all but the last step cached", () => cachedBuilds(stage, samples));
  const many = await progress.task(`${options.builds} builds in turn, and at once`, () => manyBuilds(stage));
  const machine = { cores: availableParallelism(), load: loadavg().map(round) };
  return { noopMs, cachedMs, ...cold, short, ...many, ...machine };
}

/** Seconds of one build, as the objects have them. */
interface Phases {
  /** Until its container ran. */
  start: number;
  run: number;
  /** From the end of its container until it was published. */
  publish: number;
}

async function phasesOf({ admin }: Stage, name: string): Promise<Phases> {
  const { metadata, status } = await admin.get(Image, { namespace: buildsNamespace, name });
  const { startedAt = "", finishedAt = "" } = status?.build ?? {};
  const { publishedAt = "" } = status?.published?.[0] ?? {};
  const secondsBetween = (from = "", to = ""): number => (Date.parse(to) - Date.parse(from)) / 1000;
  return {
    start: secondsBetween(metadata.creationTimestamp, startedAt),
    run: secondsBetween(startedAt, finishedAt),
    publish: secondsBetween(finishedAt, publishedAt),
  };
}

/** Builds from nothing, by the controller and by hand in turn: medians, in milliseconds but for the phases. */
interface Cold {
  coldMs: number;
  handMs: number;
  coldOverheadRatio: number;
  coldSeconds: Phases;
}

async function coldBuilds(stage: Stage, length: keyof typeof lengths): Promise<Cold> {
  const { options, progress } = stage;
  const { rounds, samples } = lengths[length];
  const names = Array.from({ length: options.quick ? 1 : samples }, (_, turn) => `${length}-${turn}`);
  const byController: number[] = [];
  const byHand: number[] = [];
  const phases: Phases[] = [];
  await progress.task(`${names.length} ${length} builds from nothing`, async () => {
    for (const name of names) {
      byController.push(await imageReady(stage, name, dockerfile(stage, name, rounds)));
      phases.push(await phasesOf(stage, name));
      byHand.push(await handBuild(stage, `hand-${name}`, rounds));
    }
  });
  const [coldMs, handMs] = [median(byController), median(byHand)];
  const phase = (name: keyof Phases): number => median(phases.map((one) => one[name]));
  return {
    coldMs: round(coldMs),
    handMs: round(handMs),
    coldOverheadRatio: round(coldMs / handMs),
    coldSeconds: { start: phase("start"), run: phase("run"), publish: phase("publish") },
  };
}

/** The call of `buildctl` that a build in a Pod makes, on this machine itself and as root. */
async function handBuild(stage: Stage, name: string, rounds: number): Promise<number> {
  const { cluster, registry } = stage;
  const [text, image] = [dockerfile(stage, name, rounds), `${registry}/bench/${name}`];
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
    times.push(await imageReady(stage, `again-${turn}`, dockerfile(stage, "first"), { repository: "first" }));
  }
  return round(median(times));
}

async function cachedBuilds(stage: Stage, samples: number): Promise<number> {
  const times: number[] = [];
  for (let turn = 0; turn < samples; turn++) {
    const text = `${dockerfile(stage, "first")}LABEL turn=${turn}\n`;
    times.push(await imageReady(stage, `cached-${turn}`, text, { repository: "first" }));
  }
  return round(median(times));
}
