import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { traefikPorts } from "@datalayer/devcluster/testkit/traefik";
import { Gateway, GatewayClass } from "@datalayer/shared/crds/gateway-api";
import { expect, it } from "vitest";
import { startEcho } from "./echo.ts";
import { startHarness } from "./harness.ts";

it("a Route that a Gateway serves is ready when that takes it and a request was answered", async () => {
  const cluster = await startHarness();
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
    metadata: { namespace, name: "public" },
    spec: {
      gatewayClassName: className,
      listeners: [{ name: "http", port: traefikPorts.web, protocol: "HTTP" }],
    },
  });
  const echo = await startEcho("target");
  await cluster.serve("target", [echo]);
  const gateway = { namespace, name: "public" };
  await cluster.createClass({ backend: "gateway-api", gateway, traefik: undefined });
  await cluster.startReplica("replica");
  const before = echo.requests;
  await cluster.createRoute("served");
  const route = await cluster.condition("served", "Ready", "True");
  expect(route.status?.backends).toMatchObject([{ replicas: { programmed: 1, total: 1 } }]);
  expect(echo.requests).toBeGreaterThan(before);
});
