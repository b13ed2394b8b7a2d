import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { traefikPorts } from "@datalayer/devcluster/testkit/traefik";
import { Gateway, GatewayClass, HttpRoute } from "@datalayer/shared/crds/gateway-api";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { RouteClass } from "@datalayer/shared/crds/route-class";
import type { Manifest } from "@datalayer/shared/kube/object";
import { beforeAll, expect, it } from "vitest";
import { routeClassManifest } from "./builders.ts";
import { type Echo, startEcho } from "./echo.ts";
import { type Harness, startHarness } from "./harness.ts";

const gatewayName = "public";
let cluster: Harness;
let echo: Echo;

function gatewayClass(name: string, controllerName: string): Manifest<GatewayClass> {
  const { apiVersion, kind } = GatewayClass;
  return { apiVersion, kind, metadata: { name }, spec: { controllerName } };
}

/** With a listener of HTTP. */
function gateway(namespace: string, name: string, gatewayClassName: string): Manifest<Gateway> {
  const { apiVersion, kind } = Gateway;
  const listeners = [{ name: "http", port: traefikPorts.web, protocol: "HTTP" }];
  return { apiVersion, kind, metadata: { namespace, name }, spec: { gatewayClassName, listeners } };
}

beforeAll(async () => {
  cluster = await startHarness();
  const { admin, namespace, className } = cluster;
  await cluster.startTraefiks();
  const { metadata } = await admin.create(
    GatewayClass,
    gatewayClass(className, "traefik.io/gateway-controller"),
  );
  afterFile(() => admin.delete(GatewayClass, metadata, { uid: metadata.uid }));
  await admin.create(Gateway, gateway(namespace, gatewayName, className));
  echo = await startEcho("target");
  await cluster.serve("target", [echo]);
  const named = { namespace, name: gatewayName };
  await cluster.createClass({ backend: "gateway-api", gateway: named, traefik: undefined });
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

it("a class says what its Gateway can do", async () => {
  const { admin, className } = cluster;
  await eventually(async () => {
    const { status } = await admin.get(RouteClass, { name: className });
    return status?.features?.includes("HTTPRouteSchemeRedirect");
  });
  const { status } = await admin.get(RouteClass, { name: className });
  expect(status?.features).not.toContain("HeaderRegularExpression");
});

it("a Route that waits for a listener is served when the Gateway has it", async () => {
  const { admin, namespace } = cluster;
  const tls = { secretName: "certificate", httpPolicy: "Deny" } as const;
  await cluster.createRoute("secure", { tls });
  await cluster.condition("secure", "Translated", "False", { reason: "Unsupported" });
  const listener = {
    name: "https",
    port: traefikPorts.websecure,
    protocol: "HTTPS",
    tls: { certificateRefs: [{ name: "certificate" }] },
  };
  await admin.patch(Gateway, { namespace, name: gatewayName }, [
    { op: "add", path: "/spec/listeners/-", value: listener },
  ]);
  await cluster.condition("secure", "Translated", "True");
});

it("a Route that asks for what its Gateway cannot do is translated when the class of that can", async () => {
  const { admin, namespace } = cluster;
  const name = `able-${namespace}`;
  const made = await admin.create(GatewayClass, gatewayClass(name, "example.com/untested"));
  afterFile(() => admin.delete(GatewayClass, { name }, { uid: made.metadata.uid }));
  await admin.create(Gateway, gateway(namespace, "able", name));
  const manifest = routeClassManifest(name, {
    backend: "gateway-api",
    gateway: { namespace, name: "able" },
  });
  const { metadata } = await admin.create(RouteClass, manifest);
  afterFile(() => admin.delete(RouteClass, { name }, { uid: metadata.uid }));

  const policy = { cors: { origins: ["https://other.test"] } };
  await cluster.createRoute("shared", { routeClassName: name, policy });
  await cluster.condition("shared", "Translated", "False", { reason: "Unsupported" });
  const value = { supportedFeatures: [{ name: "HTTPRouteCORS" }] };
  await admin.patch(GatewayClass, { name }, [{ op: "add", path: "/status", value }], {
    subresource: "status",
  });
  await cluster.condition("shared", "Translated", "True");
});
