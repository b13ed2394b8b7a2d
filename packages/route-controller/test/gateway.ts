import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { Socket } from "node:net";
import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { podAddress } from "@datalayer/devcluster/testkit/pod-address";
import { loadAccess } from "@datalayer/shared/kube/access";
import { Pod } from "@datalayer/shared/kube/kinds";
import { tokenOf } from "@datalayer/shared/kube/testkit/chart";
import { silentLogger } from "@datalayer/shared/log/logger";
import { createMetrics } from "@datalayer/shared/metrics/registry";
import { activityReportSchema, type ActivityReport } from "@datalayer/shared/runtime/activity";
import { basePathOf } from "@datalayer/shared/runtime/base-path";
import { jupyterPort, podNameOf, poolAnnotation, runtimeApp } from "@datalayer/shared/runtime/names";
import { settings } from "../src/gateway/config.ts";
import { createGateway, type Gateway } from "../src/gateway/gateway.ts";
import { podManifest } from "./builders.ts";
import { ask } from "./client.ts";
import type { Harness } from "./harness.ts";

const apiKey = "key-for-tests-0123456789";
/** The pool of the runtimes of these tests. */
export const pool = "python";
/** What is asked for to see whether a runtime is served. */
const upPath = "/up";

/** A runtime gateway in this process, with the rights of its own ServiceAccount. */
export interface TestGateway {
  readonly gateway: Gateway;
  /** `http://host:port` that clients reach runtimes by. */
  readonly url: string;
  readonly port: number;
  /** What it answers at `GET /activity`. */
  activity(): Promise<ActivityReport>;
  /** Waits until it sends requests on to a runtime; answers with the URL of that. */
  served(ulid: string): Promise<string>;
}

/**
 * Starts a gateway of the namespaces of a harness, until the test file ends; it has listed Pods and Routes.
 * @param address - where clients reach it. Default: some port of loopback.
 */
export async function startGateway(
  { admin, namespace, namespaces, proxy }: Harness,
  name: string,
  environment: Record<string, string> = {},
  address: { host: string; port: number } = { host: "127.0.0.1", port: 0 },
): Promise<TestGateway> {
  const token = await tokenOf(admin, { namespace, name: "datalayer-runtime-gateway-sa" });
  const { kubeconfigYaml } = await proxy.client(name, { token });
  const metrics = createMetrics({ controller: "runtime-gateway" });
  const gateway = await createGateway({
    settings: settings.parse({
      DATALAYER_OPERATOR_API_KEY: apiKey,
      DATALAYER_WATCH_NAMESPACES: namespaces.join(","),
      ...environment,
    }),
    access: loadAccess({ kubeconfigYaml }),
    version: "0.0.0-test",
    log: silentLogger,
    metrics,
  });
  const ended = new AbortController();
  gateway.run(ended.signal);
  const { port } = await gateway.server.listen(address);
  afterFile(async () => {
    ended.abort();
    await gateway.close();
    await gateway.server.drain(AbortSignal.abort());
    await gateway.api.close();
    metrics.stop();
  });
  await eventually(async () => (await gateway.api.inject({ url: "/readyz" })).statusCode === 200, {
    message: `gateway ${name} being ready`,
  });
  const activity = async (): Promise<ActivityReport> => {
    const answer = await gateway.api.inject({
      url: "/api/operator/v1/activity",
      headers: { "x-api-key": apiKey },
    });
    return activityReportSchema.parse(JSON.parse(answer.body));
  };
  const url = `http://${address.host}:${port}`;
  const served = async (ulid: string): Promise<string> => {
    const isServed = async (): Promise<boolean> => {
      const { body } = await ask(`${url}${pathOf(ulid)}${upPath}?no_track_activity=1`);
      return !/runtime-not-(found|ready)/.test(body);
    };
    await eventually(isServed, { message: `runtime ${ulid} being served` });
    return `${url}${pathOf(ulid)}`;
  };
  return { gateway, url, port, activity, served };
}

/** The path of a runtime of these tests. */
export function pathOf(ulid: string): string {
  return basePathOf({ pool, ulid });
}

/** Creates the Pod of a runtime, as its controller and its kubelet would: ready when it has an address. */
export async function createRuntime(
  harness: Harness,
  ulid: string,
  state: { address?: string; ready?: boolean; nodeName?: string } = {},
): Promise<Pod> {
  const { address, ready = address !== undefined, nodeName } = state;
  const manifest = podManifest(harness.namespace, podNameOf(ulid), {
    app: runtimeApp,
    // The policy of the runtime-controller, where it is installed, lets a runtime begin in no other state.
    "runtime-pools.datalayer.io/pod-status": "pending",
  });
  const { metadata, spec = { containers: [] } } = manifest;
  const pod = await harness.admin.create(Pod, {
    ...manifest,
    metadata: { ...metadata, annotations: { [poolAnnotation]: pool } },
    spec: { ...spec, nodeName },
  });
  return harness.setPod(pod, { address, ready });
}

/** A server at the port of a runtime, until the test file ends. It answers by itself at `/up`. */
export async function startRuntime(
  handle: RequestListener,
  address?: string,
): Promise<{ address: string; server: Server }> {
  const server = createServer((request, response) => {
    if (request.url?.includes(`${upPath}?`)) response.end();
    else handle(request, response);
  });
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const host = address ?? (await podAddress());
  server.listen(jupyterPort, host);
  await once(server, "listening");
  afterFile(async () => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  return { address: host, server };
}
