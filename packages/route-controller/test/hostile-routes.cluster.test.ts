import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import type { TestTraefik } from "@datalayer/devcluster/testkit/traefik";
import { Route, type RouteSpec } from "@datalayer/shared/crds/route";
import { RouteClass } from "@datalayer/shared/crds/route-class";
import { IngressRoute, Middleware } from "@datalayer/shared/crds/traefik";
import type { JsonPatchOperation } from "@datalayer/shared/kube/json-patch";
import { EndpointSlice, Secret, Service } from "@datalayer/shared/kube/kinds";
import type { KubeObject } from "@datalayer/shared/kube/object";
import { beforeAll, describe, expect, it } from "vitest";
import { endpointSliceManifest, routeClassManifest, routeManifest, serviceManifest } from "./builders.ts";
import { ask } from "./client.ts";
import { type Echo, startEcho } from "./echo.ts";
import { type Harness, startHarness } from "./harness.ts";

/** What the API server lets pass and no Route may become. */
interface Hostile {
  what: string;
  spec: Partial<RouteSpec>;
  condition?: string;
  reason: string;
  /** A part of the message: field, value and what was expected. */
  message: string;
  /** What mends it. */
  mend: JsonPatchOperation[];
}

let cluster: Harness;
let traefik: TestTraefik;
let target: Echo;
let foreign: Echo;
let theirs: string;

const replace = (path: string, value: unknown): JsonPatchOperation[] => [{ op: "replace", path, value }];
const toService = (name: string): RouteSpec["rules"] => [{ targets: [{ service: { name }, port: 80 }] }];
const mendTarget = replace("/spec/rules", toService("target"));
const mendAuth = replace("/spec/auth", { none: {} });
const jwt = { issuer: "https://issuer.example", audiences: ["a"] };

beforeAll(async () => {
  cluster = await startHarness({ namespaces: 2 });
  const { namespace, namespaces, admin } = cluster;
  theirs = namespaces[1]!;
  [traefik] = (await cluster.startTraefiks()) as [TestTraefik];
  await cluster.createClass({
    hosts: [
      { pattern: "*.test", namespaces: [namespace] },
      { pattern: "*.theirs.test", namespaces: [theirs] },
      { pattern: "*.svc.cluster.local", namespaces: ["*"] },
    ],
    verifier: { url: "http://verifier.example" },
  });
  const strict = routeClassManifest(`${cluster.className}-strict`, { requireAuth: true });
  const { metadata } = await admin.create(RouteClass, strict);
  afterFile(() => admin.delete(RouteClass, metadata, { uid: metadata.uid }));
  target = await startEcho("target");
  foreign = await startEcho("foreign");
  await cluster.serve("target", [target]);
  await cluster.serve("foreign", [foreign], theirs);
  await admin.create(Service, {
    ...serviceManifest(namespace, "outer"),
    spec: { type: "ExternalName", externalName: "169.254.169.254.nip.example" },
  });
  await admin.create(Service, serviceManifest(namespace, "translated"));
  const slice = endpointSliceManifest(namespace, "translated", {
    addresses: ["64:ff9b::a9fe:a9fe"],
    ports: { http: 80 },
  });
  await admin.create(EndpointSlice, { ...slice, addressType: "IPv6" });
  await admin.create(Service, serviceManifest(namespace, "roundabout"));
  const byService = { addresses: [await serviceAddress()], ports: { http: 80 } };
  await admin.create(EndpointSlice, endpointSliceManifest(namespace, "roundabout", byService));
  await cluster.startReplica("replica");
});

/** The address of a Service of the other namespace, which its name would not lead to. */
async function serviceAddress(): Promise<string> {
  const ports = [{ name: "http", port: 80 }];
  const { apiVersion, kind } = Service;
  const metadata = { namespace: theirs, name: "inner" };
  const { spec } = await cluster.admin.create(Service, { apiVersion, kind, metadata, spec: { ports } });
  return spec!.clusterIP!;
}

const table: Hostile[] = [
  {
    what: "a host that is nobody's",
    spec: { hosts: ["bank.example"] },
    reason: "HostNotAllowed",
    message: 'spec.hosts[0]: RouteClass "CLASS" gives "bank.example" to other namespaces, or to none.',
    mend: replace("/spec/hosts", ["mended-1.test"]),
  },
  {
    what: "a host of another tenant, beside one of its own",
    spec: { hosts: ["own.test", "shop.theirs.test"] },
    reason: "HostNotAllowed",
    message: 'spec.hosts[1]: RouteClass "CLASS" gives "shop.theirs.test"',
    mend: replace("/spec/hosts", ["mended-2.test"]),
  },
  {
    what: "every host of another tenant",
    spec: { hosts: ["*.theirs.test"] },
    reason: "HostNotAllowed",
    message: 'spec.hosts[0]: RouteClass "CLASS" gives "*.theirs.test"',
    mend: replace("/spec/hosts", ["mended-3.test"]),
  },
  {
    what: "a name inside the cluster as host, although the class gives it away",
    spec: { hosts: ["vault.kube-system.svc.cluster.local"] },
    reason: "InvalidSpec",
    message: 'spec.hosts[0]: "vault.kube-system.svc.cluster.local" is a name inside the cluster',
    mend: replace("/spec/hosts", ["mended-4.test"]),
  },
  {
    what: "a Service that is a name for elsewhere",
    spec: { rules: toService("outer") },
    condition: "ResolvedRefs",
    reason: "RefNotPermitted",
    message: 'Service "outer" is of type ExternalName',
    mend: mendTarget,
  },
  {
    what: "a Service whose endpoint is where clouds serve credentials, behind NAT64",
    spec: { rules: toService("translated") },
    condition: "ResolvedRefs",
    reason: "RefNotPermitted",
    message: "loopback, link-local, multicast or reserved",
    mend: mendTarget,
  },
  {
    what: "a Service whose endpoint is the address of a Service of another namespace",
    spec: { rules: toService("roundabout") },
    condition: "ResolvedRefs",
    reason: "RefNotPermitted",
    message: "which is in a range of addresses of Services, of whatever namespace",
    mend: mendTarget,
  },
  {
    what: "a copy of its requests for elsewhere",
    spec: {
      rules: [
        {
          targets: [{ service: { name: "target" }, port: 80 }],
          mirror: { service: { name: "outer" }, port: 80 },
        },
      ],
    },
    condition: "ResolvedRefs",
    reason: "RefNotPermitted",
    message: 'spec.rules[0].mirror.service.name: Service "outer" is of type ExternalName',
    mend: mendTarget,
  },
  {
    what: "a sign-in that the class has not",
    spec: { auth: { platform: {} } },
    reason: "InvalidSpec",
    message: 'spec.auth.platform: RouteClass "CLASS" names no platform',
    mend: mendAuth,
  },
  {
    what: "a service of another namespace that is asked",
    spec: { auth: { forward: { url: "http://iam.kube-system.svc.cluster.local/auth" } } },
    reason: "InvalidSpec",
    message: "spec.auth.forward.url",
    mend: mendAuth,
  },
  {
    what: "a service that is asked by the address of a Service, of whatever namespace",
    spec: { auth: { forward: { url: "http://10.96.12.34/auth" } } },
    reason: "InvalidSpec",
    message: "of Services, of whatever namespace; expected a name, such as http://name.",
    mend: mendAuth,
  },
  {
    what: "keys from where clouds serve credentials, in other figures",
    spec: { auth: { jwt: { ...jwt, jwksUrl: "http://0xa9fea9fe/latest" } } },
    reason: "InvalidSpec",
    message: "spec.auth.jwt.jwksUrl",
    mend: mendAuth,
  },
  {
    what: "a limit of time that Traefik has for entry points only",
    spec: { policy: { timeouts: { request: "1s" } } },
    condition: "Translated",
    reason: "Unsupported",
    message: "spec.policy.timeouts.request",
    mend: [{ op: "remove", path: "/spec/policy" }],
  },
];

/** The IngressRoutes and Middlewares that a Route owns. */
async function madeOf({ metadata }: KubeObject): Promise<KubeObject[]> {
  const { namespace } = metadata;
  const lists = await Promise.all([
    cluster.admin.list<KubeObject>(IngressRoute, { namespace }),
    cluster.admin.list<KubeObject>(Middleware, { namespace }),
  ]);
  const isOwned = (object: KubeObject): boolean =>
    object.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) === true;
  return lists.flatMap(({ items }) => items.filter(isOwned));
}

const statusFor = (host: string, path = "/"): Promise<number> =>
  ask(`${traefik.url}${path}`, { host }).then(({ status }) => status);

async function served(host: string, path = "/"): Promise<void> {
  await eventually(async () => (await statusFor(host, path)) === 200, {
    timeoutMs: 40_000,
    message: `${host}${path} being served`,
  });
}

describe("a Route that names", () => {
  it.each(table.map((row, index) => ({ ...row, name: `hostile-${index}` })))(
    "$what is refused, makes nothing, and is served once it is mended",
    async ({ name, spec, condition = "Accepted", reason, message, mend }) => {
      await cluster.createRoute(name, spec);
      const route = await cluster.condition(name, condition, "False", { reason });
      const told = route.status?.conditions?.find(({ type }) => type === condition)?.message;
      expect(told).toContain(message.replace("CLASS", cluster.className));
      expect(route.status?.conditions).toContainEqual(
        expect.objectContaining({ type: "Ready", status: "False", reason }),
      );
      expect(await madeOf(route)).toEqual([]);
      const [host] = route.spec.hosts as [string];
      expect(await statusFor(host.replace("*", "any"))).toBe(404);

      const mended = await cluster.admin.patch(Route, route.metadata, mend);
      await served(mended.spec.hosts[0]!);
    },
  );

  it("none, in a class that wants authentication, is refused", async () => {
    await cluster.createRoute("open", { routeClassName: `${cluster.className}-strict` });
    const route = await cluster.condition("open", "Accepted", "False", { reason: "AuthRequired" });
    expect(await madeOf(route)).toEqual([]);
  });

  it("a Service that only another namespace has does not reach that one", async () => {
    await cluster.createRoute("reaching", { rules: toService("foreign") });
    const route = await cluster.condition("reaching", "ResolvedRefs", "False", { reason: "RefNotFound" });
    expect(route.status?.conditions).toContainEqual(
      expect.objectContaining({
        type: "ResolvedRefs",
        message:
          'spec.rules[0].targets[0].service.name: there is no Service "foreign" in the namespace of the Route.',
      }),
    );
    // What comes after it is served: by then Traefik knows this one too.
    await cluster.createRoute("afterwards");
    await served("afterwards.test");
    expect(await statusFor("reaching.test")).toBeGreaterThanOrEqual(400);
    expect(foreign.requests).toBe(0);
  });
});

describe("given a Route with authentication", () => {
  it("it is closed, never open, when what it asks for becomes impossible", async () => {
    const { admin, namespace } = cluster;
    const users = "user:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="; // password
    await admin.create(Secret, {
      apiVersion: "v1",
      kind: Secret.kind,
      metadata: { namespace, name: "users" },
      stringData: { users },
    });
    const { metadata } = await cluster.createRoute("downgrade", { auth: { basic: { secretName: "users" } } });
    await eventually(async () => (await statusFor("downgrade.test")) === 401, {
      message: "a password being asked for",
    });
    const before = target.requests;
    await admin.patch(Route, metadata, replace("/spec/auth", { platform: {} }));
    await eventually(
      async () => {
        const status = await statusFor("downgrade.test");
        expect([401, 404]).toContain(status);
        return status === 404;
      },
      { message: "the Route being closed" },
    );
    await cluster.condition("downgrade", "Accepted", "False", { reason: "InvalidSpec" });
    expect(target.requests).toBe(before);
  });
});

describe("given what is unusual and harmless", () => {
  it("a Route is served, and nothing of its name and annotations reaches the proxy", async () => {
    const name = `${"a".repeat(200)}.${"b".repeat(52)}`;
    const annotations = {
      "traefik.ingress.kubernetes.io/router.middlewares": "none@internal",
      "nginx.ingress.kubernetes.io/configuration-snippet": "return 200;",
      note: "\u202e\u{1F600}",
    };
    const finalizers = Array.from({ length: 100 }, (_, index) => `hostile.test/f${index}`);
    const { namespace, className: routeClassName } = cluster;
    const route = await cluster.admin.create(Route, {
      ...routeManifest(namespace, name, { routeClassName, hosts: ["unusual.test"] }),
      metadata: { namespace, name, annotations, finalizers },
    });
    await served("unusual.test");
    const made = await madeOf(route);
    expect(made.length).toBeGreaterThan(0);
    const text = JSON.stringify(made, (key, value: unknown) =>
      key === "ownerReferences" ? undefined : value,
    );
    for (const part of [name, "none@internal", "return 200", "\u202e", "hostile.test"])
      expect(text).not.toContain(part);
    for (const { metadata } of made) expect(metadata.name).toMatch(/^[a-z0-9-]{1,63}$/);
    await cluster.admin.patch(Route, route.metadata, [{ op: "remove", path: "/metadata/finalizers" }]);
  });

  it("the paths of neighbours do not bleed into one another", async () => {
    const neighbour = await startEcho("neighbour");
    await cluster.serve("neighbour", [neighbour]);
    const below = (value: string, name: string): Partial<RouteSpec> => ({
      hosts: ["runtimes.test"],
      rules: [{ matches: [{ path: { value } }], targets: [{ service: { name }, port: 80 }] }],
    });
    await cluster.createRoute("rt1", below("/rt1", "target"));
    await cluster.createRoute("rt10", below("/rt10", "neighbour"));
    await served("runtimes.test", "/rt1");
    await served("runtimes.test", "/rt10");
    for (const [path, echo] of [
      ["/rt1/a", "target"],
      ["/rt10/a", "neighbour"],
    ] as const)
      expect((await ask(`${traefik.url}${path}`, { host: "runtimes.test" })).json?.echo).toBe(echo);
    expect(await statusFor("runtimes.test", "/rt100")).toBe(404);
  });
});
