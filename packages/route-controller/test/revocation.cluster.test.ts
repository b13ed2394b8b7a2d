import { eventually } from "@datalayer/devcluster/testkit/eventually";
import type { TestTraefik } from "@datalayer/devcluster/testkit/traefik";
import { Route } from "@datalayer/shared/crds/route";
import { IngressRoute } from "@datalayer/shared/crds/traefik";
import { EndpointSlice, Service } from "@datalayer/shared/kube/kinds";
import { beforeAll, describe, expect, it } from "vitest";
import { ask, openWebSocket, type OpenWebSocket } from "./client.ts";
import { startEcho } from "./echo.ts";
import { type Harness, startHarness } from "./harness.ts";
import { served } from "./observer.ts";

let cluster: Harness;
let traefik: TestTraefik;

beforeAll(async () => {
  cluster = await startHarness();
  [traefik] = (await cluster.startTraefiks()) as [TestTraefik];
});

/** A WebSocket to an echo of that name. */
async function opened(name: string) {
  const echo = await startEcho(name);
  await cluster.serve(name, [echo]);
  const { manifest } = served(cluster, name, { router: { services: [{ name, port: 80 }] } });
  const { metadata } = await cluster.admin.create(IngressRoute, manifest);
  const host = `${name}.test`;
  const isServed = async (): Promise<boolean> => (await ask(traefik.url, { host })).status === 200;
  await eventually(isServed, { timeoutMs: 40_000, message: "the route being served" });
  const socket = await openWebSocket(traefik.url, { host });
  expect(await socket.exchange("hello")).toBe(`${name}: hello`);
  const untilRefused = (): Promise<unknown> =>
    eventually(async () => !(await isServed()), { timeoutMs: 40_000, message: "the route not being served" });
  return { echo, metadata, socket, untilRefused };
}

async function isOpen(socket: OpenWebSocket, name: string): Promise<void> {
  expect(await socket.exchange("still there")).toBe(`${name}: still there`);
}

describe("a Route that is deleted", () => {
  it("is served no longer, while a finalizer of others keeps it", async () => {
    await cluster.serve("kept", [await startEcho("kept")]);
    await cluster.createClass();
    await cluster.startReplica("replica");
    const { metadata } = await cluster.createRoute("kept", {
      rules: [{ targets: [{ service: { name: "kept" }, port: 80 }] }],
    });
    const finalizers = ["test.datalayer.io/kept"];
    await cluster.admin.patch(Route, metadata, [
      { op: "add", path: "/metadata/finalizers", value: finalizers },
    ]);
    await cluster.condition("kept", "Ready", "True");
    await cluster.admin.delete(Route, metadata, { uid: metadata.uid });
    const isServed = async (): Promise<boolean> =>
      (await ask(traefik.url, { host: "kept.test" })).status !== 404;
    await eventually(async () => !(await isServed()), { timeoutMs: 40_000, message: "not being served" });
    const kept = await cluster.condition("kept", "Ready", "False", { reason: "Deleting" });
    expect(kept.metadata.finalizers).toEqual(finalizers);
    await cluster.admin.patch(Route, metadata, [{ op: "remove", path: "/metadata/finalizers" }]);
  });

  it("is served no longer, as the controller takes its routers away before anybody collects them", async () => {
    const echo = await startEcho("gone");
    await cluster.serve("target", [echo]);
    const names = ["gone-1", "gone-2", "gone-3", "gone-4", "gone-5"];
    for (const name of names) await cluster.createRoute(name);
    for (const name of names) {
      const { metadata } = await cluster.condition(name, "Ready", "True");
      await cluster.admin.delete(Route, metadata, { uid: metadata.uid });
      const isGone = async (): Promise<boolean> =>
        (await ask(traefik.url, { host: `${name}.test` })).status === 404;
      await eventually(isGone, { timeoutMs: 40_000, message: `${name} not being served` });
    }
    const ownDeletes = cluster.proxy.log.filter(
      ({ verb, resource }) => verb === "delete" && resource === "ingressroutes",
    );
    // The garbage collector may be faster now and then.
    expect(ownDeletes.length).toBeGreaterThan(0);
  });
});

// What docs/routes.md says of connections that are open when a Route goes. Should Traefik ever end them, say so there.
describe("an open WebSocket through Traefik", () => {
  it("outlives its route, which takes no new requests, and ends with its target", async () => {
    const { echo, metadata, socket, untilRefused } = await opened("by-route");
    await cluster.admin.delete(IngressRoute, metadata, { uid: metadata.uid });
    await untilRefused();
    await isOpen(socket, "by-route");
    await echo.stop();
    await socket.closed;
  });

  it("outlives the Service and the endpoints of its target, and ends with its target", async () => {
    const name = "by-endpoints";
    const { echo, socket, untilRefused } = await opened(name);
    const ref = { namespace: cluster.namespace, name };
    for (const kind of [EndpointSlice, Service]) {
      const { metadata } = await cluster.admin.get(kind, ref);
      await cluster.admin.delete(kind, ref, { uid: metadata.uid });
    }
    await untilRefused();
    await isOpen(socket, name);
    await echo.stop();
    await socket.closed;
  });

  it("ends with Traefik", async () => {
    const { socket } = await opened("by-traefik");
    await traefik.stop();
    await socket.closed;
  });
});
