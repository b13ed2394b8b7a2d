import type { Route, RouteSpec } from "@datalayer/shared/crds/route";
import type { RouteClass } from "@datalayer/shared/crds/route-class";
import type { EndpointSlice, Pod, Service } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";

/** The name of the port of every Service of a test. */
const portName = "http";

/** A Route for everything below `http://<name>.test/`, open to all, to a Service `target`. */
export function routeManifest(
  namespace: string,
  name: string,
  spec: Partial<RouteSpec> = {},
): Manifest<Route> {
  return {
    apiVersion: "datalayer.io/v1",
    kind: "Route",
    metadata: { namespace, name },
    spec: {
      hosts: [`${name}.test`],
      auth: { none: {} },
      rules: [{ targets: [{ service: { name: "target" }, port: 80 }] }],
      ...spec,
    },
  };
}

/** A class that lets every namespace have every host. */
export function routeClassManifest(
  name: string,
  spec: Partial<RouteClass["spec"]> = {},
): Manifest<RouteClass> {
  return {
    apiVersion: "datalayer.io/v1",
    kind: "RouteClass",
    metadata: { name },
    spec: { hosts: [{ pattern: "*", namespaces: ["*"] }], ...spec },
  };
}

/** A headless Service whose endpoints someone else writes. */
export function serviceManifest(namespace: string, name: string, port = 80): Manifest<Service> {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { namespace, name },
    spec: { clusterIP: "None", ports: [{ name: portName, port }] },
  };
}

/** The endpoints of such a Service. */
export function endpointSliceManifest(
  namespace: string,
  name: string,
  endpoints: { addresses: readonly string[]; ports: Readonly<Record<string, number>> },
): Manifest<EndpointSlice> {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { namespace, name, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    ports: Object.entries(endpoints.ports).map(([port, number]) => ({
      name: port,
      port: number,
      protocol: "TCP",
    })),
    endpoints: endpoints.addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  };
}

/** A Pod that nothing runs: its status is what the test sets. */
export function podManifest(
  namespace: string,
  name: string,
  labels: Record<string, string> = {},
): Manifest<Pod> {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace, name, labels },
    spec: {
      // No scheduler has this name: the Pod gets no node, which would set its status.
      schedulerName: "none",
      containers: [{ name: "main", image: "none" }],
    },
  };
}
