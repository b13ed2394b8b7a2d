import type { Route, RouteSpec } from "@datalayer/shared/crds/route";
import type { RouteClass } from "@datalayer/shared/crds/route-class";
import { IndexedStore } from "@datalayer/shared/kube/indexed-store";
import type { EndpointSlice, Service } from "@datalayer/shared/kube/kinds";
import { keyOf } from "@datalayer/shared/kube/object";
import { describe, expect, it } from "vitest";
import { endpointSliceManifest, routeManifest, serviceManifest } from "../../test/builders.ts";
import { storedRouteClass } from "../../test/resolved-route.ts";
import { clusterAddresses } from "./addresses.ts";
import { keysOfService, keysOfSliceChange } from "./concerned.ts";
import type { RouteSources } from "./gather.ts";
import { routeIndexes } from "./route-index.ts";

const stored = { uid: "u", resourceVersion: "1", creationTimestamp: "" };
const toService = (name: string): RouteSpec["rules"] => [{ targets: [{ service: { name }, port: 80 }] }];
const toPool: RouteSpec["rules"] = [{ targets: [{ runtime: { pool: "python" }, port: 8888 }] }];

function routeOf(namespace: string, name: string, spec: Partial<RouteSpec>): Route {
  const manifest = routeManifest(namespace, name, { routeClassName: "shared", ...spec });
  return { ...manifest, metadata: { ...stored, ...manifest.metadata } };
}

/** Only what is asked for is there: whoever lists all Routes fails. */
function sourcesOf(routes: Route[], services: Service[] = []): RouteSources {
  const store = new IndexedStore<Route>(routeIndexes);
  for (const route of routes) store.set(keyOf(route.metadata), route);
  const gateway = { runtimeGateway: { service: { name: "gateway", port: 80 } } };
  const classes: RouteClass[] = [storedRouteClass(gateway, "shared"), storedRouteClass({}, "plain")];
  const sources: Partial<Record<keyof RouteSources, unknown>> = {
    routes: { byIndex: (index: string, value: string) => store.byIndex(index, value) },
    routeClasses: { list: () => classes },
    services: {
      get: ({ name }: { name: string }) => services.find(({ metadata }) => metadata.name === name),
    },
    cluster: () => ({ ...clusterAddresses(), apiServers: new Set(["10.96.0.1"]) }),
  };
  return sources as unknown as RouteSources;
}

function sliceOf(name: string, addresses: readonly string[]): EndpointSlice {
  const manifest = endpointSliceManifest("team-a", name, { addresses, ports: { http: 8080 } });
  return { ...manifest, metadata: { ...stored, ...manifest.metadata } };
}

const added = (object: EndpointSlice) => ({ type: "added", object, initial: false }) as const;

const routes = [
  routeOf("team-a", "shop", { rules: toService("shop") }),
  routeOf("team-a", "cart", { rules: toService("cart") }),
  routeOf("team-b", "shop", { rules: toService("shop") }),
  routeOf("team-a", "pool", { rules: toPool }),
  routeOf("team-a", "other-pool", { rules: toPool, routeClassName: "plain" }),
  routeOf("team-b", "pool", { rules: toPool }),
];

describe("given slices of a Service", () => {
  it("they concern the Routes of its namespace that name it", () => {
    expect(keysOfSliceChange(added(sliceOf("shop", ["10.0.0.1"])), sourcesOf(routes))).toEqual([
      "team-a/shop",
    ]);
  });

  it("and, of the runtime gateway, those to pools whose class names it", () => {
    expect(keysOfSliceChange(added(sliceOf("gateway", ["10.0.0.1"])), sourcesOf(routes))).toEqual([
      "team-a/pool",
    ]);
  });

  it("they concern nobody when one more of many endpoints is ready", () => {
    const [object, previous] = [sliceOf("shop", ["10.0.0.1", "10.0.0.2"]), sliceOf("shop", ["10.0.0.1"])];
    const change = { type: "modified", object, previous, initial: false } as const;
    expect(keysOfSliceChange(change, sourcesOf(routes))).toEqual([]);
  });

  it("they do when nothing may be sent to an endpoint, before or after", () => {
    const [object, previous] = [sliceOf("shop", ["10.0.0.1"]), sliceOf("shop", ["10.0.0.1", "10.96.0.1"])];
    const change = { type: "modified", object, previous, initial: false } as const;
    expect(keysOfSliceChange(change, sourcesOf(routes))).toEqual(["team-a/shop"]);
  });
});

it("a Service concerns the Routes that name it, or whose class names it as runtime gateway", () => {
  const serviceOf = (name: string): Service => {
    const manifest = serviceManifest("team-a", name);
    return { ...manifest, metadata: { ...stored, ...manifest.metadata } };
  };
  expect(keysOfService(serviceOf("cart"), sourcesOf(routes))).toEqual(["team-a/cart"]);
  expect(keysOfService(serviceOf("gateway"), sourcesOf(routes))).toEqual(["team-a/pool"]);
});
