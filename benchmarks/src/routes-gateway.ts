import { createRequire } from "node:module";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { isTrue } from "@datalayer/shared/controller/conditions";
import { Route } from "@datalayer/shared/crds/route";
import { basePathOf } from "@datalayer/shared/runtime/base-path";
import { jupyterPort, podNameOf } from "@datalayer/shared/runtime/names";
import getPort from "get-port";
import { request } from "undici";
import { load, type LoadTarget } from "./measure/http-load.ts";
import { median, round } from "./measure/summary.ts";
import { namespace } from "./setup/bench-cluster.ts";
import type { RouteStage } from "./setup/route-stage.ts";
import {
  createRuntime,
  launchGateway,
  makeReady,
  startNode,
  startRuntime,
  type Stop,
} from "./setup/runtime-gateway.ts";

const address = { pool: "bench", ulid: "01bench" };
const path = `${basePathOf(address)}/api`;
const connections = 16;
const rounds = 5;
const roundMs = 2_000;
const readyWithinMs = 60_000;
/**
 * Compares the runtime gateway with asking the runtime itself, with Traefik and with configurable-http-proxy: the same
 * small answer of the same server, connections that are kept, in turn and several times, so that all meet the same
 * machine. Medians of the rounds.
 */
export async function benchGateway(stage: RouteStage): Promise<Record<string, unknown>> {
  const stops: Stop[] = [];
  try {
    const runtime = await startRuntime(stops);
    const direct = { url: `http://${runtime}:${jupyterPort}${path}` };
    const targets = {
      direct,
      gateway: await startGateway(stage, runtime, stops),
      chp: await startChp(direct.url.slice(0, -path.length), stops),
      traefik: await startTraefikRoute(stage, stops),
    };
    for (const target of Object.values(targets)) await answers(target);
    return await stage.progress.task("runtime gateway", () => compare(stage, targets));
  } finally {
    for (const stop of stops.toReversed()) await stop();
  }
}

type Targets = Readonly<Record<"direct" | "gateway" | "chp" | "traefik", LoadTarget>>;

async function compare({ signal }: RouteStage, targets: Targets): Promise<Record<string, unknown>> {
  const names = Object.keys(targets) as (keyof Targets)[];
  const rates: Record<keyof Targets, number[]> = { direct: [], gateway: [], chp: [], traefik: [] };
  const latencies: Record<"direct" | "gateway", number[]> = { direct: [], gateway: [] };
  for (let index = 0; index < rounds; index++) {
    for (const name of names) {
      signal.throwIfAborted();
      const { requestsPerSecond } = await load(targets[name], { connections, durationMs: roundMs });
      rates[name].push(requestsPerSecond);
    }
    for (const name of ["direct", "gateway"] as const) {
      const { latenciesMs } = await load(targets[name], { connections: 1, durationMs: roundMs / 2 });
      latencies[name].push(median(latenciesMs));
    }
  }
  const rate = (name: keyof Targets): number => median(rates[name]);
  return {
    gatewayAddedP50Ms: round(median(latencies.gateway) - median(latencies.direct)),
    gatewayRequestsPerSecond: Math.round(rate("gateway")),
    gatewayVsChp: round(rate("gateway") / rate("chp")),
    gatewayVsTraefik: round(rate("gateway") / rate("traefik")),
    proxiesPerSecond: Object.fromEntries(names.map((name) => [name, Math.round(rate(name))])),
  };
}

async function startGateway(stage: RouteStage, runtime: string, stops: Stop[]): Promise<LoadTarget> {
  const { pod, remove } = await createRuntime(stage, address);
  stops.push(remove);
  await makeReady(stage, pod, runtime);
  const port = await getPort();
  const gateway = await launchGateway(stage, { DATALAYER_GATEWAY_PORT: String(port) });
  stops.push(() => gateway.stop());
  return { url: `http://127.0.0.1:${port}${path}` };
}

async function startChp(upstream: string, stops: Stop[]): Promise<LoadTarget> {
  const program = createRequire(import.meta.url).resolve(
    "configurable-http-proxy/bin/configurable-http-proxy",
  );
  const [port, apiPort] = [await getPort(), await getPort()];
  const places = [
    "--ip",
    "127.0.0.1",
    "--port",
    `${port}`,
    "--api-ip",
    "127.0.0.1",
    "--api-port",
    `${apiPort}`,
  ];
  startNode([program, ...places, "--default-target", upstream, "--log-level", "error"], stops);
  return { url: `http://127.0.0.1:${port}${path}` };
}

/** The way through Traefik: a Route to the same server, by its Pod. */
async function startTraefikRoute(stage: RouteStage, stops: Stop[]): Promise<LoadTarget> {
  const { admin, traefik } = stage;
  const controller = await stage.launch();
  stops.push(() => controller.stop());
  const host = "gateway.test";
  const pod = { name: podNameOf(address.ulid) };
  const route = await admin.create(Route, {
    apiVersion: Route.apiVersion,
    kind: Route.kind,
    metadata: { namespace, name: "bench-gateway" },
    spec: {
      routeClassName: "bench",
      hosts: [host],
      auth: { none: {} },
      rules: [{ targets: [{ pod, port: jupyterPort }] }],
    },
  });
  const { metadata } = route;
  stops.push(async () => {
    await admin.delete(Route, metadata, { uid: metadata.uid });
  });
  const isReady = async (): Promise<boolean> =>
    isTrue((await admin.get(Route, metadata)).status?.conditions ?? [], "Ready");
  await eventually(isReady, {
    timeoutMs: readyWithinMs,
    message: "the Route of the gateway's bench to be ready",
  });
  return { url: `${traefik.url}${path}`, host };
}

async function answers({ url, host }: LoadTarget): Promise<void> {
  const check = async (): Promise<boolean> => {
    const { statusCode, body } = await request(url, { headers: host === undefined ? {} : { host } });
    await body.dump();
    return statusCode === 200;
  };
  await eventually(check, { timeoutMs: readyWithinMs, message: `an answer of ${url}` });
}
