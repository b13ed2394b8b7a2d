import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { traefikPorts } from "@datalayer/devcluster/testkit/traefik";
import { Gateway, GatewayClass, HttpRoute } from "@datalayer/shared/crds/gateway-api";
import { beforeAll, expect, it } from "vitest";
import { type Echo, startEcho } from "./echo.ts";
import { type Harness, startHarness } from "./harness.ts";

const gatewayName = "public";
let cluster: Harness;
let echo: Echo;

beforeAll(async () => {
  cluster = await startHarness();
  const { admin, namespace, className } = cluster;
  await cluster.startTraefiks();
  const { metadata } = await admin.create(GatewayClass, {
    apiVersion: GatewayClass.apiVersion,
    kind: GatewayClass.kind,
    metadata: { name: className },
    spec: { controllerName: "traefik.io/gateway-controller" },
  });
  afterFile(() => admin.delete(GatewayClass, metadata, { uid: metadata.uid }));
  await admin.create(Gateway, {
    apiVersion: Gateway.apiVersion,
    kind: Gateway.kind,
    metadata: { namespace, name: gatewayName },
    spec: {
      gatewayClassName: className,
      listeners: [{ name: "http", port: traefikPorts.web, protocol: "HTTP" }],
    },
  });
  echo = await startEcho("target");
  await cluster.serve("target", [echo]);
  const gateway = { namespace, name: gatewayName };
  await cluster.createClass({ backend: "gateway-api", gateway, traefik: undefined });
  await cluster.startReplica("replica");
});

it("a Route that a Gateway serves is ready when that takes it and a request was answered", async () => {
  const before = echo.requests;
  await cluster.createRoute("served");
  const route = await cluster.condition("served", "Ready", "True");
  expect(route.status?.backends).toMatchObject([{ replicas: { programmed: 1, total: 1 } }]);
  expect(echo.requests).toBeGreaterThan(before);
});

it("a Route gives way to an HTTPRoute of the Gateway for the same requests, and is served when that goes", async () => {
  const { admin, namespace } = cluster;
  const { metadata } = await admin.create(HttpRoute, {
    apiVersion: HttpRoute.apiVersion,
    kind: HttpRoute.kind,
    // Of two that are of one second the first by name is the older.
    metadata: { namespace, name: "a-foreign-one" },
    spec: {
      parentRefs: [{ name: gatewayName }],
      hostnames: ["held.test"],
      rules: [{ backendRefs: [{ name: "target", port: 80 }] }],
    },
  });
  await cluster.createRoute("held");
  const { status } = await cluster.condition("held", "Accepted", "False", { reason: "Conflict" });
  expect(status?.conflictsWith).toMatchObject([{ host: "held.test", path: "/" }]);
  const { items } = await admin.list(HttpRoute, { namespace });
  expect(items.filter(({ spec }) => spec.hostnames?.includes("held.test"))).toHaveLength(1);
  await admin.delete(HttpRoute, metadata, { uid: metadata.uid });
  await cluster.condition("held", "Ready", "True");
});
