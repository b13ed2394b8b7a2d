import { addPodAddress } from "@datalayer/devcluster/pod-address";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { isTrue } from "@datalayer/shared/controller/conditions";
import { Route } from "@datalayer/shared/crds/route";
import { RouteClass } from "@datalayer/shared/crds/route-class";
import { EndpointSlice, Service } from "@datalayer/shared/kube/kinds";
import { basePathOf, poolPathOf } from "@datalayer/shared/runtime/base-path";
import { jupyterPort } from "@datalayer/shared/runtime/names";
import getPort from "get-port";
import { request } from "undici";
import { sumOf } from "./measure/exposition.ts";
import { round, type Summary, summarise } from "./measure/summary.ts";
import { namespace } from "./setup/bench-cluster.ts";
import type { ControllerProcess } from "./setup/controller-process.ts";
import type { RouteStage } from "./setup/route-stage.ts";
import { createRuntime, launchGateway, makeReady, startRuntime, type Stop } from "./setup/runtime-gateway.ts";

/** What the steps of this part share. */
interface Runtimes extends RouteStage {
  gateway: ControllerProcess;
  /** Of what answers for all of them. */
  address: string;
}

const pool = "many";
const host = "runtimes.test";
const serviceName = "bench-gateway";
const createdAtOnce = 8;
const withinMs = 120_000;
const tryEveryMs = 5;
const mebibyte = 2 ** 20;

/**
 * Measures the other way to runtimes, one Route of their pool to the gateway, with as many runtimes as the other part
 * has Routes: how soon the URL of a runtime answers, and how soon it does not any more.
 */
export async function benchRuntimes(stage: RouteStage): Promise<Record<string, unknown>> {
  const stops: Stop[] = [];
  try {
    const address = await startRuntime(stops);
    const { gateway, port } = await startGateway(stage, stops);
    await leadToGateway(stage, port, stops);
    const runtimes = { ...stage, address, gateway };
    const gatewaySteps: Record<string, unknown>[] = [];
    let there = 0;
    for (const count of stage.options.routes) {
      gatewaySteps.push(await benchWith(runtimes, { count, there }, stops));
      there = count;
    }
    return { gatewaySteps };
  } finally {
    for (const stop of stops.toReversed()) await stop();
  }
}

/** Starts a gateway, and a Service that leads to it. */
async function startGateway(
  stage: RouteStage,
  stops: Stop[],
): Promise<{ gateway: ControllerProcess; port: number }> {
  const { address, remove } = await addPodAddress();
  stops.push(remove);
  const port = await getPort();
  const gateway = await launchGateway(stage, { DATALAYER_GATEWAY_PORT: String(port) });
  stops.push(() => gateway.stop());
  const ports = [{ name: "http", port, protocol: "TCP" }];
  const metadata = { namespace, name: serviceName };
  const spec = { clusterIP: "None", ports };
  await stage.admin.create(Service, { apiVersion: "v1", kind: "Service", metadata, spec });
  await stage.admin.create(EndpointSlice, {
    apiVersion: EndpointSlice.apiVersion,
    kind: EndpointSlice.kind,
    metadata: { ...metadata, labels: { "kubernetes.io/service-name": serviceName } },
    addressType: "IPv4",
    ports,
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
  });
  return { gateway, port };
}

/** The Route of the pool, as the runtime-controller writes it. */
async function leadToGateway({ admin, launch }: RouteStage, port: number, stops: Stop[]): Promise<void> {
  const value = { service: { name: serviceName, port } };
  await admin.patch(RouteClass, { name: "bench" }, [{ op: "add", path: "/spec/runtimeGateway", value }]);
  const controller = await launch();
  stops.push(() => controller.stop());
  const { metadata } = await admin.create(Route, {
    apiVersion: Route.apiVersion,
    kind: Route.kind,
    metadata: { namespace, name: "bench-runtimes" },
    spec: {
      routeClassName: "bench",
      hosts: [host],
      auth: { target: {} },
      rules: [
        {
          matches: [{ path: { type: "Prefix", value: poolPathOf(pool) } }],
          targets: [{ runtime: { pool }, port: jupyterPort }],
        },
      ],
    },
  });
  stops.push(async () => {
    await admin.delete(Route, metadata, { uid: metadata.uid });
  });
  const isReady = async (): Promise<boolean> =>
    isTrue((await admin.get(Route, metadata)).status?.conditions ?? [], "Ready");
  await eventually(isReady, { timeoutMs: withinMs, message: "the Route of the pool to be ready" });
}

async function benchWith(
  runtimes: Runtimes,
  { count, there }: { count: number; there: number },
  stops: Stop[],
): Promise<Record<string, unknown>> {
  const { progress, options, gateway } = runtimes;
  await progress.task(`${count} runtimes behind the gateway`, () =>
    fill(runtimes, { from: there, count }, stops),
  );
  const lives = await progress.task(`${options.samples} new runtimes`, () => timeSome(runtimes, count));
  return {
    runtimes: count,
    ...lives,
    rssMiB: round(sumOf(await gateway.metrics(), "process_resident_memory_bytes") / mebibyte),
  };
}

async function fill(
  runtimes: Runtimes,
  { from, count }: { from: number; count: number },
  stops: Stop[],
): Promise<void> {
  const indexes = Array.from({ length: count - from }, (_, index) => from + index).values();
  const creator = async (): Promise<void> => {
    for (const index of indexes) {
      runtimes.signal.throwIfAborted();
      const { pod, remove } = await createRuntime(runtimes, { pool, ulid: `01many${index}` });
      stops.push(remove);
      await makeReady(runtimes, pod, runtimes.address);
    }
  };
  await Promise.all(Array.from({ length: createdAtOnce }, creator));
}

async function timeSome(runtimes: Runtimes, count: number): Promise<{ served: Summary; withdrawn: Summary }> {
  const [served, withdrawn]: [number[], number[]] = [[], []];
  for (let index = 0; index < runtimes.options.samples; index++) {
    runtimes.signal.throwIfAborted();
    const ulid = `01new${count}x${index}`;
    const { pod, remove } = await createRuntime(runtimes, { pool, ulid });
    const readyMs = performance.now();
    await makeReady(runtimes, pod, runtimes.address);
    await until(runtimes, ulid, (status) => status === 200);
    const servedMs = performance.now();
    await remove();
    await until(runtimes, ulid, (status) => status !== 200);
    served.push(servedMs - readyMs);
    withdrawn.push(performance.now() - servedMs);
  }
  return { served: summarise(served), withdrawn: summarise(withdrawn) };
}

async function until(
  { traefik, signal }: RouteStage,
  ulid: string,
  isGood: (status: number) => boolean,
): Promise<void> {
  const url = `${traefik.url}${basePathOf({ pool, ulid })}/api`;
  const check = async (): Promise<boolean> => {
    const { statusCode, body } = await request(url, { headers: { host }, signal });
    await body.dump();
    return isGood(statusCode);
  };
  await eventually(check, {
    timeoutMs: withinMs,
    intervalMs: tryEveryMs,
    message: `another answer at ${url}`,
  });
}
