import { eventually } from "@datalayer/devcluster/testkit/eventually";
import type { TestTraefik } from "@datalayer/devcluster/testkit/traefik";
import { Gateway, GatewayClass, HttpRoute } from "@datalayer/shared/crds/gateway-api";
import { IngressRoute } from "@datalayer/shared/crds/traefik";
import { beforeAll, describe, expect, it } from "vitest";
import { type Echo, startEcho } from "./echo.ts";
import { ask, openStream, openWebSocket } from "./client.ts";
import { type Harness, startHarness } from "./harness.ts";

let cluster: Harness;
let traefik: TestTraefik;
let echo: Echo;

beforeAll(async () => {
  cluster = await startHarness();
  [traefik] = (await cluster.startTraefiks()) as [TestTraefik];
  echo = await startEcho("first");
  await cluster.serve("target", [echo]);
});

describe("given a Traefik of the harness", () => {
  it("an IngressRoute reaches an echo, also with a WebSocket and as a stream", async () => {
    await cluster.admin.create(IngressRoute, {
      apiVersion: IngressRoute.apiVersion,
      kind: IngressRoute.kind,
      metadata: { namespace: cluster.namespace, name: "first" },
      spec: {
        entryPoints: ["web"],
        routes: [{ kind: "Rule", match: "Host(`first.test`)", services: [{ name: "target", port: 80 }] }],
      },
    });
    await eventually(async () => (await ask(`${traefik.url}/`, { host: "first.test" })).status === 200, {
      message: "the route being served",
    });
    const { json } = await ask(`${traefik.url}/a?b=c`, { host: "first.test", method: "POST", body: "hello" });
    expect(json).toMatchObject({ echo: "first", method: "POST", url: "/a?b=c", body: "hello" });
    expect((await ask(`${traefik.url}/status/418`, { host: "first.test" })).status).toBe(418);

    const stream = await openStream(`${traefik.url}/stream`, { host: "first.test" });
    expect(stream.first).toBe("first\n");
    await ask(`${traefik.url}/stream/finish`, { host: "first.test" });
    expect(await stream.rest()).toBe("end\n");

    const socket = await openWebSocket(`${traefik.url}/`, { host: "first.test" });
    expect(await socket.exchange("hello")).toBe("first: hello");
    await socket.close();
  });

  it("an HTTPRoute reaches it too", async () => {
    const { admin, namespace } = cluster;
    const gatewayClassName = `gateway-${namespace}`;
    const { metadata } = await admin.create(GatewayClass, {
      apiVersion: GatewayClass.apiVersion,
      kind: GatewayClass.kind,
      metadata: { name: gatewayClassName },
      spec: { controllerName: "traefik.io/gateway-controller" },
    });
    await admin.create(Gateway, {
      apiVersion: Gateway.apiVersion,
      kind: Gateway.kind,
      metadata: { namespace, name: "gateway" },
      spec: { gatewayClassName, listeners: [{ name: "http", port: 8000, protocol: "HTTP" }] },
    });
    await admin.create(HttpRoute, {
      apiVersion: HttpRoute.apiVersion,
      kind: HttpRoute.kind,
      metadata: { namespace, name: "second" },
      spec: {
        parentRefs: [{ name: "gateway" }],
        hostnames: ["second.test"],
        rules: [{ backendRefs: [{ name: "target", port: 80 }] }],
      },
    });
    const answer = await eventually(
      async () => {
        const got = await ask(`${traefik.url}/`, { host: "second.test" });
        return got.status === 200 && got;
      },
      { message: "the HTTPRoute being served" },
    );
    expect(answer.json).toMatchObject({ echo: "first" });
    await admin.delete(GatewayClass, metadata, { uid: metadata.uid });
  });
});

describe("given a Pod of the harness", () => {
  it("it is ready with the address that the test gave it, until it is removed", async () => {
    const pod = await cluster.createPod("pod-1", { address: echo.address });
    expect(pod.status).toMatchObject({ phase: "Running", podIP: echo.address });
    const gone = await cluster.setPod(pod, { address: echo.address, ready: false });
    expect(gone.status?.conditions).toMatchObject([{ type: "Ready", status: "False" }]);
    await cluster.removePod(pod);
    await expect(cluster.createPod("pod-1")).resolves.toMatchObject({ status: { phase: "Pending" } });
  });
});

it("a replica follows its caches with the rights of the chart", async () => {
  await cluster.createClass();
  await cluster.createRoute("first");
  const { replica } = await cluster.startReplica("replica-1");
  expect(replica.caches.routes.list().map(({ metadata }) => metadata.name)).toEqual(["first"]);
});
