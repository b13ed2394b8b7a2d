import type { Gateway, HttpRoute } from "@datalayer/shared/crds/gateway-api";
import { describe, expect, it } from "vitest";
import { gatewayReplicas, judgeHttpRoutes } from "./gateway-plane.ts";

const metadata = { name: "g", uid: "u", resourceVersion: "1", generation: 2, creationTimestamp: "" };

function httpRoute(accepted: { status: "True" | "False"; observedGeneration?: number }): HttpRoute {
  const condition = { observedGeneration: 2, reason: "Because", message: "so", lastTransitionTime: "" };
  const conditions = [
    { type: "Accepted", ...condition, ...accepted },
    { type: "ResolvedRefs", ...condition, status: "True" as const },
  ];
  const parentRef = { name: "g" };
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata,
    spec: { parentRefs: [parentRef] },
    status: { parents: [{ parentRef, controllerName: "c", conditions }] },
  };
}

describe("what a Gateway says of a Route", () => {
  it("is good when it takes all of its HTTPRoutes as they are now", () => {
    expect(judgeHttpRoutes([httpRoute({ status: "True" })], 1)).toMatchObject({
      programmed: { status: "True" },
      replicas: { programmed: 1, total: 1 },
    });
  });

  it.each([
    ["it takes one no more", httpRoute({ status: "False" }), "RouterError"],
    ["it speaks of what one was", httpRoute({ status: "True", observedGeneration: 1 }), "NotProgrammed"],
    [
      "it says nothing of one",
      { ...httpRoute({ status: "True" }), status: { parents: [] } },
      "NotProgrammed",
    ],
    ["one is missing", undefined, "NotProgrammed"],
  ])("is not good when %s", (_, found, reason) => {
    const all = [httpRoute({ status: "True" }), found];
    expect(judgeHttpRoutes(all, 1).programmed).toMatchObject({ status: "False", reason });
  });

  it("is nothing certain while the Gateway has no address", () => {
    expect(judgeHttpRoutes([], 0).programmed).toMatchObject({ status: "Unknown", reason: "NoDataPlane" });
  });
});

it("takes requests at the addresses of the Gateway, at the ports of its listeners", () => {
  const gateway: Gateway = {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "Gateway",
    metadata,
    spec: { gatewayClassName: "c", listeners: [{ name: "http", port: 8000, protocol: "HTTP" }] },
    status: { addresses: [{ type: "IPAddress", value: "10.0.0.1" }] },
  };
  expect(gatewayReplicas(gateway)).toEqual([
    { name: "10.0.0.1", api: undefined, http: "http://10.0.0.1:8000", https: undefined },
  ]);
  expect(gatewayReplicas(undefined)).toEqual([]);
});
