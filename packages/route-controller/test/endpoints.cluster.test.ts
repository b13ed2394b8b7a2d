import type { Route } from "@datalayer/shared/crds/route";
import { EndpointSlice } from "@datalayer/shared/kube/kinds";
import { beforeAll, describe, expect, it } from "vitest";
import { endpointSliceManifest } from "./builders.ts";
import { type Echo, echoPort, startEcho } from "./echo.ts";
import { type Harness, startHarness } from "./harness.ts";

let cluster: Harness;
let echo: Echo;

beforeAll(async () => {
  cluster = await startHarness();
  await cluster.startTraefiks(2);
  await cluster.createClass();
  echo = await startEcho("target");
  await cluster.serve("target", [echo]);
  await cluster.startReplica("first");
});

/** Says what the endpoints of a Service are, as the control plane does when its Pods come and go. */
async function setEndpoints(name: string, readiness: Readonly<Record<string, boolean>>): Promise<void> {
  const { admin, namespace } = cluster;
  const slice = endpointSliceManifest(namespace, name, { addresses: [], ports: { http: echoPort } });
  const endpoints = Object.entries(readiness).map(([address, ready]) => ({
    addresses: [address],
    conditions: { ready, serving: ready, terminating: !ready },
  }));
  await admin.apply(EndpointSlice, { ...slice, endpoints });
}

const to = (...names: string[]) => [
  { targets: names.map((name) => ({ service: { name }, port: 80, weight: 1 })) },
];

async function isEmpty(name: string, service: string): Promise<Route> {
  const route = await cluster.condition(name, "Ready", "False", { reason: "NoEndpoints" });
  const message = `spec.rules[0].targets: no endpoint is ready behind Service "${service}" in namespace "${cluster.namespace}".`;
  const { conditions } = route.status ?? {};
  expect(conditions).toContainEqual(expect.objectContaining({ type: "Ready", message }));
  expect(conditions).toContainEqual(expect.objectContaining({ type: "ResolvedRefs", status: "True" }));
  expect(conditions).toContainEqual(
    expect.objectContaining({ type: "Programmed", status: "Unknown", reason: "NoEndpoints" }),
  );
  return route;
}

describe("given a Route that is ready", () => {
  it("it is not while no endpoint of its Service is ready, and is tried again when one is", async () => {
    await cluster.serve("shop", [echo]);
    await cluster.createRoute("shop", { rules: to("shop") });
    await cluster.condition("shop", "Ready", "True");

    await setEndpoints("shop", { [echo.address]: false });
    await isEmpty("shop", "shop");
    const before = echo.requests;
    await setEndpoints("shop", { [echo.address]: true });
    await cluster.condition("shop", "Ready", "True", { reason: "Programmed" });
    // Once through each replica.
    expect(echo.requests - before).toBe(2);
  });

  it("it is not when all endpoints are gone, with their slice or without", async () => {
    await cluster.serve("scaled", [echo]);
    await cluster.createRoute("scaled", { rules: to("scaled") });
    await cluster.condition("scaled", "Ready", "True");
    await setEndpoints("scaled", {});
    await isEmpty("scaled", "scaled");
    await setEndpoints("scaled", { [echo.address]: true });
    await cluster.condition("scaled", "Ready", "True");
    const { admin, namespace } = cluster;
    const { metadata } = await admin.get(EndpointSlice, { namespace, name: "scaled" });
    await admin.delete(EndpointSlice, metadata, { uid: metadata.uid });
    await isEmpty("scaled", "scaled");
  });

  it("it stays as it is, and nothing is written, while another endpoint or target is ready", async () => {
    const other = await startEcho("other");
    await cluster.serve("blue", [echo]);
    await cluster.serve("green", [other]);
    await cluster.createRoute("canary", { rules: to("blue", "green") });
    const before = await cluster.condition("canary", "Ready", "True");
    const seen = cluster.proxy.log.length;
    await setEndpoints("green", { [other.address]: false });
    await setEndpoints("blue", { [echo.address]: true, [other.address]: true });
    await setEndpoints("blue", { [echo.address]: false, [other.address]: true });
    // The controller has seen all that once it says something of what came after.
    await setEndpoints("target", { [echo.address]: true });
    await cluster.createRoute("later");
    await cluster.condition("later", "Ready", "True");
    expect((await cluster.route("canary")).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    const writes = cluster.proxy.log.slice(seen).filter(({ verb }) => verb !== "get" && verb !== "watch");
    expect(writes.filter(({ name }) => name === "canary")).toEqual([]);
  });
});

it("a Route that begins without endpoints waits for them, and is not tried before", async () => {
  await cluster.serve("empty", []);
  await cluster.createRoute("empty", { rules: to("empty") });
  await isEmpty("empty", "empty");
  await setEndpoints("empty", { [echo.address]: true });
  await cluster.condition("empty", "Ready", "True");
});

it("a controller that starts anew leaves what is empty as it is", async () => {
  await cluster.serve("idle", []);
  await cluster.createRoute("idle", { rules: to("idle") });
  const before = await isEmpty("idle", "idle");
  await cluster.startReplica("second");
  await cluster.replicas[0]?.stop();
  await cluster.createRoute("afterwards");
  await cluster.condition("afterwards", "Ready", "True");
  expect((await cluster.route("idle")).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
});
