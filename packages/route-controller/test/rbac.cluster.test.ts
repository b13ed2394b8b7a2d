import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import type { RequestLog } from "@datalayer/devcluster/testkit/fault-proxy";
import { findCondition } from "@datalayer/shared/controller/conditions";
import { Certificate } from "@datalayer/shared/crds/cert-manager";
import { Gateway, GatewayClass, HttpRoute, ReferenceGrant } from "@datalayer/shared/crds/gateway-api";
import { Route, type RouteSpec } from "@datalayer/shared/crds/route";
import { defaultRouteClass, RouteClass } from "@datalayer/shared/crds/route-class";
import {
  IngressRoute,
  Middleware,
  ServersTransport,
  TlsOption,
  TraefikServiceKind,
} from "@datalayer/shared/crds/traefik";
import { EndpointSlice, Service } from "@datalayer/shared/kube/kinds";
import type { Kind, KubeObject } from "@datalayer/shared/kube/object";
import { movedTo, objectsOfChart } from "@datalayer/shared/kube/testkit/chart";
import {
  askedThroughProxy,
  compareRights,
  type Comparison,
  type RbacObject,
} from "@datalayer/shared/kube/testkit/rights";
import { beforeAll, describe, expect, it } from "vitest";
import { routeClassManifest } from "./builders.ts";
import { installCertManager } from "./cert-manager.ts";
import { startGateway } from "./gateway.ts";
import { type Harness, startHarness } from "./harness.ts";
import { operatorAccount } from "./manifests.ts";

const objects = await objectsOfChart("route-controller", "rbac");
const all = (objects as unknown as RbacObject[]).filter(
  ({ kind }) => kind === "Role" || kind === "ClusterRole",
);

/** Those of the controllers: the other processes have accounts of their own. */
const roles = all.filter(({ metadata }) => metadata.name.startsWith("datalayer-route-controller"));

function rightsOf(some: readonly RbacObject[]): Set<string> {
  return new Set(
    some.flatMap(({ rules = [] }) =>
      rules.flatMap(({ apiGroups = [], resources = [], verbs }) =>
        apiGroups.flatMap((group) =>
          resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`)),
        ),
      ),
    ),
  );
}

const granted = rightsOf(roles);

let cluster: Harness;
let gatewayClassName: string;

beforeAll(async () => {
  cluster = await startHarness({ namespaces: 2 });
  await installCertManager(cluster);
  await cluster.createClass({ issuerRef: { name: "issuer" } });
  gatewayClassName = `gateway-${cluster.className}`;
  await createGateway();
  await cluster.serve("target", []);
  await removeTheDefaultClass();
  await cluster.startReplica("restricted");
});

const minimal: RouteSpec["rules"] = [{ targets: [{ service: { name: "target" }, port: 80 }] }];

describe("the rights of the route-controller", () => {
  it("suffice for all that it does, and it uses each of them", { timeout: 300_000 }, async () => {
    await useTraefik();
    await useGateway();
    await moveAPod();
    await failTwice();
    await untilUsed({ verb: "patch", resource: "events", namespace: "default" }, failAsAClass);
    await untilUsed({ verb: "get", resource: "routes" }, loseARoute);
    await makeTheDefaultClass();
    await expectAllUsed("restricted", operatorAccount);
  });

  it("write only classes and their status beyond the namespaces that are watched", () => {
    const clusterWide = rightsOf(roles.filter(({ kind }) => kind === "ClusterRole"));
    expect([...clusterWide].filter((right) => !/^(list|watch) /.test(right)).toSorted()).toEqual([
      "create datalayer.io/route-classes",
      "patch datalayer.io/route-classes/status",
    ]);
  });

  it("hold none on Secrets", () => {
    expect([...granted].filter((right) => right.includes("secrets"))).toEqual([]);
  });
});

describe("the rights of the runtime gateway", () => {
  it("suffice for all that it does, and it uses each of them", async () => {
    await startGateway(cluster, "gateway");
    await expectAllUsed("gateway", "datalayer-runtime-gateway-sa");
  });
});

/** Waits until a process, by the name of its client, has used each right of its account, in its namespace. */
async function expectAllUsed(client: string, account: string): Promise<void> {
  const { namespace, proxy } = cluster;
  const moved = objects.map((object) => movedTo(namespace, object)) as RbacObject[];
  const bound = moved.filter(({ subjects }) => subjects?.every(({ name }) => name === account) ?? true);
  const compared = (): Comparison =>
    compareRights(bound, askedThroughProxy(proxy.log.select({ client }), account), namespace);
  await eventually(() => compared().unused.length === 0, {
    message: "every right being used",
    timeoutMs: 30_000,
  }).catch(() => undefined);
  expect(compared()).toMatchObject({ unused: [], refused: [] });
  expect(compared().granted).not.toEqual([]);
}

describe("the rights of every process of the chart", () => {
  it("hold no wildcard and none of those that lead to more", () => {
    const rules = all.flatMap((role) => role.rules ?? []);
    expect(rules.filter((rule) => JSON.stringify(rule).includes('"*"'))).toEqual([]);
    const dangerous =
      /^(escalate|bind|impersonate|deletecollection) |pods\/exec|serviceaccounts|nodes\/proxy|roles/;
    expect([...rightsOf(all)].filter((right) => dangerous.test(right))).toEqual([]);
  });

  it("write nothing, but for the controllers'", () => {
    const others = all.filter((role) => !roles.includes(role));
    const writes = [...rightsOf(others)].filter((right) => !/^(get|list|watch) /.test(right));
    expect(writes).toEqual([]);
  });
});

/** A class whose Gateway lies in the other namespace. */
async function createGateway(): Promise<void> {
  const { admin, namespaces, className } = cluster;
  const namespace = namespaces[1]!;
  const tls = { certificateRefs: [{ name: "certificate", namespace: cluster.namespace }] };
  const gatewayClass = await admin.create(GatewayClass, {
    apiVersion: GatewayClass.apiVersion,
    kind: GatewayClass.kind,
    metadata: { name: gatewayClassName },
    spec: { controllerName: "traefik.io/gateway-controller" },
  });
  await admin.create(Gateway, {
    apiVersion: Gateway.apiVersion,
    kind: Gateway.kind,
    metadata: { namespace, name: "gateway" },
    spec: { gatewayClassName, listeners: [{ name: "https", port: 8443, protocol: "HTTPS", tls }] },
  });
  const gateway = { namespace, name: "gateway" };
  const spec = { backend: "gateway-api", gateway } as const;
  const routeClass = await admin.create(RouteClass, routeClassManifest(`${className}-gateway`, spec));
  afterFile(async () => {
    await admin.delete(GatewayClass, gatewayClass.metadata, { uid: gatewayClass.metadata.uid });
    await admin.delete(RouteClass, routeClass.metadata, { uid: routeClass.metadata.uid });
  });
}

/** Waits until a Route owns objects of these kinds, or none of them any more. */
async function owns(name: string, kinds: readonly Kind[], wanted: boolean): Promise<void> {
  const { admin, namespace } = cluster;
  for (const kind of kinds)
    await eventually(
      async () => {
        const { items } = await admin.list<KubeObject>(kind, { namespace });
        return (
          wanted === items.some(({ metadata }) => metadata.ownerReferences?.some((one) => one.name === name))
        );
      },
      { timeoutMs: 40_000, message: `Route ${name} ${wanted ? "having" : "having no"} ${kind.kind}` },
    );
}

/** A Route that becomes every kind of object of Traefik, and then none of them. */
async function useTraefik(): Promise<void> {
  await cluster.createPod("pod", { address: "192.0.2.1" });
  const { metadata } = await cluster.createRoute("everything", {
    auth: { clientCert: { caSecretName: "authorities" } },
    tls: { httpPolicy: "Redirect" },
    policy: { timeouts: { backend: "1s" } },
    rules: [
      { targets: [{ pod: { name: "pod" }, port: 80 }], mirror: { service: { name: "target" }, port: 80 } },
    ],
  });
  const kinds = [Middleware, ServersTransport, TlsOption, TraefikServiceKind, Certificate, Service];
  await owns("everything", kinds, true);
  await cluster.admin.patch(Route, metadata, [
    { op: "remove", path: "/spec/tls" },
    { op: "remove", path: "/spec/policy" },
    { op: "replace", path: "/spec/auth", value: { none: {} } },
    { op: "replace", path: "/spec/rules", value: minimal },
  ]);
  await owns("everything", [ServersTransport, TlsOption, TraefikServiceKind, Certificate, Service], false);
}

/** A Route that becomes objects of the Gateway API, and then those of Traefik, which go with it. */
async function useGateway(): Promise<void> {
  const { metadata } = await cluster.createRoute("by-gateway", {
    routeClassName: `${cluster.className}-gateway`,
    tls: { secretName: "certificate", httpPolicy: "Deny" },
  });
  await owns("by-gateway", [HttpRoute, ReferenceGrant], true);
  const toTraefik = { op: "replace", path: "/spec/routeClassName", value: cluster.className } as const;
  await cluster.admin.patch(Route, metadata, [toTraefik]);
  await owns("by-gateway", [HttpRoute, ReferenceGrant], false);
  await owns("by-gateway", [IngressRoute, Middleware], true);
  await cluster.admin.delete(Route, metadata, { uid: metadata.uid });
  await owns("by-gateway", [IngressRoute, Middleware], false);
}

/** A Pod whose address is of IPv6, and then of IPv4. */
async function moveAPod(): Promise<void> {
  const { admin, namespace } = cluster;
  const pod = await cluster.createPod("moving", { address: "2001:db8::1" });
  await cluster.createRoute("to-pod", { rules: [{ targets: [{ pod: { name: "moving" }, port: 80 }] }] });
  const has = (address: string): Promise<unknown> =>
    eventually(
      async () => {
        const { items } = await admin.list(EndpointSlice, { namespace });
        return items.some((slice) => (slice.endpoints ?? []).some((one) => one.addresses.includes(address)));
      },
      { message: `an endpoint of ${address}` },
    );
  await has("2001:db8::1");
  await cluster.setPod(pod, { address: "192.0.2.2", ready: true });
  await has("192.0.2.2");
}

/** What is told twice is counted on the first Event. */
async function failTwice(): Promise<void> {
  const { metadata } = await cluster.createRoute("failing");
  for (const service of ["absent", "target", "absent"]) {
    const rules = [{ targets: [{ service: { name: service }, port: 80 }] }];
    await cluster.admin.patch(Route, metadata, [{ op: "replace", path: "/spec/rules", value: rules }]);
    await cluster.condition("failing", "ResolvedRefs", service === "absent" ? "False" : "True");
  }
}

/**
 * Does something again until the replica has used a right by it: replicas of other test files see the same classes, and
 * Kubernetes collects what a Route leaves, so each time somebody else may be first.
 */
async function untilUsed(
  right: Parameters<RequestLog["select"]>[0],
  act: (time: number) => Promise<void>,
): Promise<void> {
  const isUsed = (): boolean => cluster.proxy.log.select({ ...right, client: "restricted" }).length > 0;
  for (let time = 1; time <= 10 && !isUsed(); time++) await act(time);
}

/** A class without a Gateway, and then with it. It has no namespace: Events about it lie where the API server takes them. */
async function failAsAClass(): Promise<void> {
  const { admin, className } = cluster;
  const ref = { name: `${className}-gateway` };
  for (const gateway of ["absent", "gateway"]) {
    await admin.patch(RouteClass, ref, [{ op: "replace", path: "/spec/gateway/name", value: gateway }]);
    const wanted = gateway === "absent" ? "False" : "True";
    await eventually(
      async () => {
        const { status, metadata } = await admin.get(RouteClass, ref);
        const accepted = findCondition(status?.conditions ?? [], "Accepted");
        return accepted?.status === wanted && accepted.observedGeneration === metadata.generation;
      },
      { message: `the class being Accepted=${wanted}`, timeoutMs: 20_000 },
    );
  }
}

/** A Route that is deleted while there is something of it. */
async function loseARoute(time: number): Promise<void> {
  const name = `lost-${time}`;
  const { metadata } = await cluster.createRoute(name);
  await owns(name, [IngressRoute], true);
  await cluster.admin.delete(Route, metadata, { uid: metadata.uid });
  await owns(name, [IngressRoute], false);
}

/**
 * Takes the default class away until this replica has made it: where other test files run at the same time, their
 * controllers may be first.
 */
async function makeTheDefaultClass(): Promise<void> {
  const isMade = (): boolean =>
    cluster.proxy.log.some(({ verb, resource }) => verb === "create" && resource === "route-classes");
  await eventually(
    async () => {
      if (!isMade()) await removeTheDefaultClass();
      return isMade();
    },
    { timeoutMs: 150_000, intervalMs: 1_000, message: "the default class being made" },
  );
}

async function removeTheDefaultClass(): Promise<void> {
  const { items } = await cluster.admin.list(RouteClass);
  const found = items.find(({ metadata }) => metadata.name === defaultRouteClass);
  if (found) await cluster.admin.delete(RouteClass, found.metadata, { uid: found.metadata.uid });
}
