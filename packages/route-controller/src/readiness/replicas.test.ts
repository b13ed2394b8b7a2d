import type { EndpointSlice } from "@datalayer/shared/kube/kinds";
import { expect, it } from "vitest";
import { storedRouteClass } from "../../test/resolved-route.ts";
import { replicasOf } from "./replicas.ts";

const service = { namespace: "traefik", name: "traefik" };

function slice(overrides: Partial<EndpointSlice> = {}): EndpointSlice {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "s", uid: "u", resourceVersion: "1", creationTimestamp: "" },
    addressType: "IPv4",
    ports: [
      { name: "traefik", port: 8080 },
      { name: "web", port: 8000 },
    ],
    endpoints: [
      { addresses: ["10.0.0.2"], targetRef: { kind: "Pod", name: "traefik-b" } },
      { addresses: ["10.0.0.1"], conditions: { ready: true } },
      { addresses: ["10.0.0.3"], conditions: { ready: false } },
    ],
    ...overrides,
  };
}

it("finds the ready endpoints of the Service of the class, with the ports that it has", () => {
  const routeClass = storedRouteClass({ traefik: { service } });
  // An endpoint that moves between slices is in both for a moment.
  expect(replicasOf(routeClass, [slice(), slice()])).toEqual([
    { name: "10.0.0.1", api: "http://10.0.0.1:8080", http: "http://10.0.0.1:8000", https: undefined },
    { name: "traefik-b", api: "http://10.0.0.2:8080", http: "http://10.0.0.2:8000", https: undefined },
  ]);
});

it("takes the names of ports from the class, and addresses of IPv6 in brackets", () => {
  const routeClass = storedRouteClass({ traefik: { service: { ...service, ports: { api: "admin" } } } });
  const found = replicasOf(routeClass, [
    slice({ ports: [{ name: "admin", port: 9000 }], endpoints: [{ addresses: ["fd00::1"] }] }),
  ]);
  expect(found).toMatchObject([{ api: "http://[fd00::1]:9000", http: undefined }]);
});

it("is one replica where the class gives addresses, and none where it says nothing", () => {
  const urls = { api: "http://127.0.0.1:1", http: "http://127.0.0.1:2" };
  expect(replicasOf(storedRouteClass({ traefik: { urls } }), [])).toMatchObject([
    { ...urls, https: undefined },
  ]);
  expect(replicasOf(storedRouteClass({}), [slice()])).toEqual([]);
});
