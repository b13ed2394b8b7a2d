import type { Gateway, GatewayClass } from "@datalayer/shared/crds/gateway-api";
import { describe, expect, it } from "vitest";
import { gatewayApiCapabilities } from "./capabilities.ts";

const metadata = { uid: "u", resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" };

function storedClass(controllerName: string, features?: readonly string[]): GatewayClass {
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "GatewayClass",
    metadata: { ...metadata, name: "some" },
    spec: { controllerName },
    ...(features && { status: { supportedFeatures: features.map((name) => ({ name })) } }),
  };
}

const gateway: Gateway = {
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "Gateway",
  metadata: { ...metadata, namespace: "infra", name: "public" },
  spec: {
    gatewayClassName: "some",
    listeners: [
      { name: "http", port: 80, protocol: "HTTP" },
      {
        name: "https",
        port: 443,
        protocol: "HTTPS",
        hostname: "*.example.com",
        tls: { certificateRefs: [{ name: "own" }, { namespace: "team-a", name: "shop" }] },
      },
    ],
  },
};

const featuresOf = (gatewayClass: GatewayClass) => [
  ...gatewayApiCapabilities(gatewayClass, gateway).features,
];

describe("the features of a Gateway", () => {
  it("are those that its class claims", () => {
    expect(featuresOf(storedClass("example.com/any", ["HTTPRouteCORS"]))).toEqual([
      "HTTPRouteCORS",
      "PathPrecedence",
    ]);
  });

  it("are what all have to have while the class claims nothing", () => {
    expect(featuresOf(storedClass("example.com/any"))).toEqual(["PathPrecedence"]);
  });

  it("are with Traefik those that it claims and was seen to have", () => {
    const claims = ["HTTPRouteMethodMatching", "HTTPRouteRequestTimeout", "HTTPRouteCORS"];
    expect(featuresOf(storedClass("traefik.io/gateway-controller", claims))).toEqual([
      "HTTPRouteMethodMatching",
      "HeaderRegularExpression",
      "QueryRegularExpression",
    ]);
  });
});

it("reads the certificates of a listener with their namespaces", () => {
  const { listeners } = gatewayApiCapabilities(storedClass("example.com/any"), gateway);
  expect(listeners).toEqual([
    { name: "http", protocol: "HTTP", certificates: [] },
    {
      name: "https",
      protocol: "HTTPS",
      hostname: "*.example.com",
      certificates: ["infra/own", "team-a/shop"],
    },
  ]);
});
