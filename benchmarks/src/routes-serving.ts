import { setTimeout as delay } from "node:timers/promises";
import { request } from "undici";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { isTrue } from "@datalayer/shared/controller/conditions";
import { Route, type RouteSpec } from "@datalayer/shared/crds/route";
import { Informer } from "@datalayer/shared/kube/informer";
import { Pod } from "@datalayer/shared/kube/kinds";
import { sumOf } from "./measure/exposition.ts";
import { round, summarise } from "./measure/summary.ts";
import { namespace } from "./setup/bench-cluster.ts";
import type { ControllerProcess } from "./setup/controller-process.ts";
import { type RouteStage, targetName, targetPort } from "./setup/route-stage.ts";

/** What the workloads of this part share. */
interface Serving extends RouteStage {
  routes: Informer<Route>;
}

const host = "bench.test";
const createdAtOnce = 8;
const withinMs = 3_600_000;
const soonMs = 120_000;
/** How often a Route is tried: often enough to tell tens of milliseconds, and little beside what they cost. */
const tryEveryMs = 5;
const mebibyte = 2 ** 20;

/** Measures how soon Routes serve, how soon Pods are withdrawn, and what many Routes cost. */
export async function benchServing(stage: RouteStage): Promise<Record<string, unknown>> {
  const ended = new AbortController();
  const routes = new Informer({ client: stage.admin, kind: Route, namespace });
  routes.start(ended.signal);
  await routes.synced(stage.signal);
  const serving = { ...stage, routes };
  const steps: Record<string, unknown>[] = [];
  try {
    for (const count of stage.options.routes) steps.push(await benchWith(serving, count));
  } finally {
    ended.abort();
  }
  const first = steps[0] as {
    programmed: { p50: number; p99: number };
    withdrawn: { p99: number };
    deleted: { p99: number };
  };
  const last = steps.at(-1) as { routes: number; rssMiB: number; reconcilesPerSecond: number };
  return {
    programmedP50Ms: first.programmed.p50,
    programmedP99Ms: first.programmed.p99,
    withdrawnP99Ms: first.withdrawn.p99,
    deletedP99Ms: first.deleted.p99,
    [`rss${last.routes}MiB`]: last.rssMiB,
    reconcilesPerSecond: last.reconcilesPerSecond,
    steps,
  };
}

/** Takes the times while there are so many Routes, and then what a controller that starts anew takes for them. */
async function benchWith(serving: Serving, count: number): Promise<Record<string, unknown>> {
  const { progress, traefik, options } = serving;
  const controller = await serving.launch();
  try {
    const cpuBefore = await traefik.cpuSeconds();
    const fillSeconds = await progress.task(`${count} Routes`, (note) => fill(serving, { count, note }));
    const traefikFillCpuSeconds = round((await traefik.cpuSeconds()) - cpuBefore);
    const lives = await progress.task(`${options.samples} new Routes`, () =>
      timesOf(serving, (index) => timeServed(serving, `new-${count}-${index}`)),
    );
    const withdrawn = await progress.task(`${options.samples} Pods that go`, () =>
      timesOf(serving, (index) => timeUntilWithdrawn(serving, `pod-${count}-${index}`)),
    );
    const idle = await idleCost(serving);
    return {
      routes: count,
      programmed: summarise(lives.map(({ programmedMs }) => programmedMs)),
      deleted: summarise(lives.map(({ deletedMs }) => deletedMs)),
      withdrawn: summarise(withdrawn),
      fillSeconds,
      traefikFillCpuSeconds,
      ...idle,
      traefikRssMiB: round((await traefik.rssBytes()) / mebibyte),
      rssMiB: round(sumOf(await controller.metrics(), "process_resident_memory_bytes") / mebibyte),
      reconcilesPerSecond: await progress.task("full resync", () => startAnew(serving, controller)),
    };
  } finally {
    await controller.stop();
  }
}

async function timesOf<T>(
  { options, signal }: Serving,
  measure: (index: number) => Promise<T>,
): Promise<T[]> {
  const times: T[] = [];
  for (let index = 0; index < options.samples; index++) {
    signal.throwIfAborted();
    times.push(await measure(index));
  }
  return times;
}

function create(
  { admin }: Serving,
  name: string,
  target: NonNullable<RouteSpec["rules"][number]["targets"]>[number],
): Promise<Route> {
  const matches = [{ path: { type: "Prefix" as const, value: `/${name}` } }];
  return admin.create(Route, {
    apiVersion: Route.apiVersion,
    kind: Route.kind,
    metadata: { namespace, name },
    spec: {
      routeClassName: "bench",
      hosts: [host],
      auth: { none: {} },
      rules: [{ matches, targets: [target] }],
    },
  });
}

const toService = { service: { name: targetName }, port: targetPort };

/** Adds Routes until there are so many; resolves with the seconds until all of them were ready. */
async function fill(
  serving: Serving,
  { count, note }: { count: number; note: (text: string) => void },
): Promise<number> {
  const { routes, signal } = serving;
  const startMs = performance.now();
  const names = Array.from({ length: count }, (_, index) => `many-${index}`);
  const rest = names.filter((name) => !routes.get({ namespace, name })).values();
  const creator = async (): Promise<void> => {
    for (const name of rest) await create(serving, name, toService);
  };
  await Promise.all(Array.from({ length: createdAtOnce }, creator));
  const allReady = (): boolean => {
    const ready = routes.list().filter(({ status }) => isTrue(status?.conditions ?? [], "Ready")).length;
    note(`${ready} are ready`);
    return signal.aborted || ready >= count;
  };
  await eventually(allReady, { timeoutMs: withinMs, intervalMs: 500, message: "all Routes to be ready" });
  signal.throwIfAborted();
  return round((performance.now() - startMs) / 1000);
}

/** From the creation of a Route until it serves, and from its deletion until it does not. */
async function timeServed(
  serving: Serving,
  name: string,
): Promise<{ programmedMs: number; deletedMs: number }> {
  const startMs = performance.now();
  const { metadata } = await create(serving, name, toService);
  await until(serving, name, (status) => status === 200);
  const servedMs = performance.now();
  await serving.admin.delete(Route, metadata, { uid: metadata.uid });
  await until(serving, name, (status) => status !== 200);
  return { programmedMs: servedMs - startMs, deletedMs: performance.now() - servedMs };
}

/** From the end of a Pod, which its target survives, until no request reaches that any more. */
async function timeUntilWithdrawn(serving: Serving, name: string): Promise<number> {
  const { admin, targetAddress } = serving;
  const metadata = { namespace, name };
  const containers = [{ name: "main", image: "none" }];
  const pod = await admin.create(Pod, { apiVersion: "v1", kind: "Pod", metadata, spec: { containers } });
  const status = {
    phase: "Running",
    podIP: targetAddress,
    podIPs: [{ ip: targetAddress }],
    conditions: [{ type: "Ready", status: "True" }],
  };
  await admin.patch(Pod, metadata, [{ op: "add", path: "/status", value: status }], {
    subresource: "status",
  });
  const route = await create(serving, name, { pod: { name }, port: targetPort });
  await until(serving, name, (code) => code === 200);
  const startMs = performance.now();
  await admin.delete(Pod, metadata, { uid: pod.metadata.uid, gracePeriodSeconds: 0 });
  await until(serving, name, (code) => code !== 200);
  const tookMs = performance.now() - startMs;
  await admin.delete(Route, metadata, { uid: route.metadata.uid });
  return tookMs;
}

async function until(
  { traefik, signal }: Serving,
  name: string,
  isGood: (status: number) => boolean,
): Promise<void> {
  const check = async (): Promise<boolean> => {
    const { statusCode, body } = await request(`${traefik.url}/${name}`, { headers: { host }, signal });
    await body.dump();
    return isGood(statusCode);
  };
  await eventually(check, {
    timeoutMs: soonMs,
    intervalMs: tryEveryMs,
    message: `another answer at /${name}`,
  });
}

/** Processor time that Traefik takes for nothing but being asked what it serves. */
async function idleCost({ traefik, options, signal }: Serving): Promise<{ traefikIdleCores: number }> {
  const before = await traefik.cpuSeconds();
  await delay(options.steadySeconds * 100, undefined, { signal });
  return { traefikIdleCores: round(((await traefik.cpuSeconds()) - before) / (options.steadySeconds / 10)) };
}

/** How many Routes a second a new process looks at, which finds all of them as they should be. */
async function startAnew(serving: Serving, running: ControllerProcess): Promise<number> {
  await running.stop();
  const controller = await serving.launch();
  try {
    const labels = { controller: "route" };
    const reconciled = async (): Promise<number> =>
      sumOf(await controller.metrics(), "controller_runtime_reconcile_total", labels);
    const startMs = performance.now();
    const before = await reconciled();
    const all = serving.routes.list().length;
    const done = await eventually(
      async () => {
        const count = await reconciled();
        return count >= all && count;
      },
      { timeoutMs: withinMs, intervalMs: 50, message: "every Route to be reconciled" },
    );
    return round((done - before) / ((performance.now() - startMs) / 1000));
  } finally {
    await controller.stop();
  }
}
