import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { Route, type RouteSpec } from "@datalayer/shared/crds/route";
import { IngressRoute, Middleware } from "@datalayer/shared/crds/traefik";
import { RouteClass } from "@datalayer/shared/crds/route-class";
import { Ingress, Service } from "@datalayer/shared/kube/kinds";
import type { KubeObject } from "@datalayer/shared/kube/object";
import { beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "../../test/harness.ts";

let cluster: Harness;

beforeAll(async () => {
  cluster = await startHarness({ namespaces: 2 });
  await cluster.createClass();
  await cluster.serve("target", [{ address: "192.0.2.1" }]);
  await cluster.startReplica("first");
});

/** The IngressRoutes of a Route. */
async function routersOf(name: string, namespace = cluster.namespace): Promise<IngressRoute[]> {
  const { items } = await cluster.admin.list(IngressRoute, { namespace });
  return items.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.name === name));
}

/** Waits until the status of a Route names its router with this UID and generation. */
async function saysRouter(name: string, wanted: { uid: string; generation: number }): Promise<void> {
  await eventually(async () => {
    const { status } = await cluster.route(name);
    const objects = status?.backends?.flatMap((backend) => backend.objects ?? []) ?? [];
    const router = objects.find(({ kind }) => kind === IngressRoute.kind);
    return router?.uid === wanted.uid && router.generation === wanted.generation;
  });
}

function messageOf(route: Route, type: string): string | undefined {
  return route.status?.conditions?.find((one) => one.type === type)?.message;
}

const target = { service: { name: "target" }, port: 80 };

const prefix = (value: string): RouteSpec["rules"] => [{ matches: [{ path: { value } }], targets: [target] }];

/** Waits until what is created is younger than these: the server tells ages in seconds. */
async function afterSecond(...objects: KubeObject[]): Promise<void> {
  await eventually(async () => {
    const { metadata } = await cluster.createRoute("clock");
    await cluster.admin.delete(Route, metadata, { uid: metadata.uid });
    return objects.every((object) => metadata.creationTimestamp > object.metadata.creationTimestamp);
  });
}

describe("given a Route to a Service", () => {
  it("makes an IngressRoute that goes with it, and says so", async () => {
    await cluster.createRoute("plain", { rules: prefix("/a") });
    const route = await cluster.condition("plain", "Translated", "True");
    expect(route.status).toMatchObject({ url: "http://plain.test/a", target: "Service/target" });
    const [router] = await routersOf("plain");
    const { name, uid } = router!.metadata;
    expect(router?.metadata.ownerReferences).toMatchObject([{ kind: "Route", uid: route.metadata.uid }]);
    expect(route.status?.backends).toMatchObject([
      {
        class: cluster.className,
        objects: [{ kind: "Middleware" }, { kind: "IngressRoute", name, uid, generation: 1 }],
      },
    ]);
  });

  it("writes nothing when it is looked at again", async () => {
    await cluster.createRoute("calm", { policy: { retry: { attempts: 2 } } });
    const { status } = await cluster.condition("calm", "Programmed", "Unknown", { reason: "NoDataPlane" });
    const objects = status?.backends?.flatMap((backend) => backend.objects ?? []) ?? [];
    expect(objects.length).toBeGreaterThan(2);
    const names = new Set(["calm", ...objects.map(({ name }) => name)]);
    const before = cluster.proxy.log.length;
    await cluster.startReplica("second");
    await cluster.replicas[0]!.stop();
    await eventually(
      () =>
        cluster.proxy.log.some(
          ({ client, resource, verb }) => client === "second" && resource === "leases" && verb === "patch",
        ),
      { message: "the second replica leading" },
    );
    await cluster.createRoute("after");
    await cluster.condition("after", "Translated", "True");
    const writes = cluster.proxy.log
      .slice(before)
      .filter(({ verb, name = "" }) => ["create", "patch", "delete"].includes(verb) && names.has(name));
    expect(writes.map(({ verb, resource }) => `${verb} ${resource}`)).toEqual([]);
  });

  it("takes away what a change makes needless", async () => {
    await cluster.createRoute("changing", { policy: { retry: { attempts: 2 } } });
    await cluster.condition("changing", "Translated", "True");
    const middlewares = async (): Promise<Middleware[]> => {
      const { items } = await cluster.admin.list(Middleware, { namespace: cluster.namespace });
      return items.filter(({ metadata }) =>
        metadata.ownerReferences?.some(({ name }) => name === "changing"),
      );
    };
    const before = (await middlewares()).length;
    const ref = { namespace: cluster.namespace, name: "changing" };
    await cluster.admin.patch(Route, ref, [{ op: "remove", path: "/spec/policy" }]);
    await eventually(async () => (await middlewares()).length === before - 1, {
      message: "the middleware being gone",
    });
  });

  it("repairs what somebody has changed or removed", async () => {
    await cluster.createRoute("damaged");
    await cluster.condition("damaged", "Translated", "True");
    const [router] = await routersOf("damaged");
    await cluster.admin.patch(IngressRoute, router!.metadata, [
      { op: "replace", path: "/spec/routes/0/match", value: "Host(`other.test`)" },
    ]);
    await eventually(
      async () => (await routersOf("damaged"))[0]?.spec.routes[0]?.match === router!.spec.routes[0]?.match,
    );
    // The edit was the second one, and the repair is the third.
    await saysRouter("damaged", { uid: router!.metadata.uid, generation: 3 });
    await cluster.admin.delete(IngressRoute, router!.metadata, { uid: router!.metadata.uid });
    const [made] = await eventually(async () => {
      const routers = await routersOf("damaged");
      return routers.length === 1 && routers;
    });
    await saysRouter("damaged", { uid: made!.metadata.uid, generation: 1 });
  });

  it("waits for a Service that is not there, and goes on when it comes", async () => {
    const rules = [{ targets: [{ service: { name: "late" }, port: 80 }] }];
    await cluster.createRoute("early", { rules });
    const route = await cluster.condition("early", "ResolvedRefs", "False", { reason: "RefNotFound" });
    expect(messageOf(route, "ResolvedRefs")).toBe(
      'spec.rules[0].targets[0].service.name: there is no Service "late" in the namespace of the Route.',
    );
    await cluster.serve("late", []);
    await cluster.condition("early", "ResolvedRefs", "True");
  });
});

describe("given a Route that may not be served", () => {
  it.each<[string, Partial<RouteSpec>, string, string]>([
    [
      "classless",
      { routeClassName: "absent" },
      "ClassNotFound",
      'spec.routeClassName: there is no RouteClass "absent".',
    ],
    [
      "internal",
      { hosts: ["app.team.svc.cluster.local"] },
      "InvalidSpec",
      'spec.hosts[0]: "app.team.svc.cluster.local" is a name inside the cluster.',
    ],
    [
      "loopback",
      { auth: { forward: { url: "http://127.0.0.1:8080/api" } } },
      "InvalidSpec",
      'spec.auth.forward.url: "http://127.0.0.1:8080/api" is a loopback, link-local, multicast or reserved address.',
    ],
    [
      "metadata",
      { auth: { forward: { url: "http://169.254.169.254/latest" } } },
      "InvalidSpec",
      'spec.auth.forward.url: "http://169.254.169.254/latest" is a loopback, link-local, multicast or reserved address.',
    ],
  ])("%s is refused with its field, and nothing is made of it", async (name, spec, reason, message) => {
    await cluster.createRoute(name, spec);
    const route = await cluster.condition(name, "Accepted", "False", { reason });
    expect(messageOf(route, "Accepted")).toBe(message);
    expect(await routersOf(name)).toEqual([]);
  });

  it("one to an ExternalName is refused, and what was made of it goes", async () => {
    await cluster.serve("outer", []);
    const rules = [{ targets: [{ service: { name: "outer" }, port: 80 }] }];
    await cluster.createRoute("external", { rules });
    await cluster.condition("external", "Translated", "True");
    const ref = { namespace: cluster.namespace, name: "outer" };
    const { metadata } = await cluster.admin.get(Service, ref);
    await cluster.admin.delete(Service, ref, { uid: metadata.uid });
    await cluster.admin.create(Service, {
      apiVersion: "v1",
      kind: "Service",
      metadata: ref,
      spec: { type: "ExternalName", externalName: "metadata.google.internal" },
    });
    const route = await cluster.condition("external", "ResolvedRefs", "False", { reason: "RefNotPermitted" });
    expect(messageOf(route, "ResolvedRefs")).toContain('Service "outer" is of type ExternalName');
    expect(await routersOf("external")).toEqual([]);
  });
});

describe("given two Routes for the same requests", () => {
  it("the older has them, the other names no Route of another namespace, and has them when that one goes", async () => {
    const [ours, theirs] = cluster.namespaces as [string, string];
    await cluster.serve("target", [], theirs);
    const hosts = ["shared.test"];
    const first = await cluster.createRoute("shared", { hosts, rules: prefix("/a") }, ours);
    await cluster.condition("shared", "Translated", "True", { namespace: ours });
    await afterSecond(first);
    const [rule] = prefix("/a");
    const matches = [{ path: { value: "/a" }, methods: ["GET" as const] }];
    await cluster.createRoute("also", { hosts, rules: [{ ...rule, matches }] }, theirs);
    const loser = await cluster.condition("also", "Accepted", "False", {
      namespace: theirs,
      reason: "Conflict",
    });
    expect(loser.status?.conflictsWith).toEqual([{ host: "shared.test", path: "/a" }]);
    expect(JSON.stringify(loser.status?.conditions)).not.toContain(ours);
    expect(await routersOf("also", theirs)).toEqual([]);

    await cluster.createRoute("nested", { hosts, rules: prefix("/a/b") }, theirs);
    await cluster.condition("nested", "Translated", "True", { namespace: theirs });

    await cluster.admin.delete(Route, first.metadata, { uid: first.metadata.uid });
    await cluster.condition("also", "Translated", "True", { namespace: theirs });
    expect(await routersOf("also", theirs)).toHaveLength(1);
  });

  it("the younger one has them as soon as the older one is deleted, whoever still keeps that", async () => {
    const hosts = ["kept.test"];
    const first = await cluster.createRoute("kept", { hosts });
    const finalizer = "test.datalayer.io/kept";
    await cluster.admin.patch(Route, first.metadata, [
      { op: "add", path: "/metadata/finalizers", value: [finalizer] },
    ]);
    await cluster.condition("kept", "Translated", "True");
    await afterSecond(first);
    await cluster.createRoute("next", { hosts });
    await cluster.condition("next", "Accepted", "False", { reason: "Conflict" });
    await cluster.admin.delete(Route, first.metadata, { uid: first.metadata.uid });
    await cluster.condition("next", "Translated", "True");
    const kept = await cluster.condition("kept", "Accepted", "False", { reason: "Deleting" });
    expect(kept.metadata.finalizers).toEqual([finalizer]);
    expect(await routersOf("kept")).toEqual([]);
    expect(await routersOf("next")).toHaveLength(1);
    await cluster.admin.patch(Route, first.metadata, [{ op: "remove", path: "/metadata/finalizers" }]);
  });

  it("counts objects that were not made of Routes, of the same data plane", async () => {
    const [ours, theirs] = cluster.namespaces as [string, string];
    const { admin } = cluster;
    const foreign = await admin.create(IngressRoute, {
      apiVersion: IngressRoute.apiVersion,
      kind: IngressRoute.kind,
      metadata: { namespace: theirs, name: "foreign" },
      spec: {
        routes: [
          {
            kind: "Rule",
            match: "Host(`foreign.test`) && PathPrefix(`/app/`)",
            services: [{ name: "target", port: 80 }],
          },
        ],
      },
    });
    const path = {
      path: "/old",
      pathType: "Exact",
      backend: { service: { name: "target", port: { number: 80 } } },
    };
    const ingress = await admin.create(Ingress, {
      apiVersion: Ingress.apiVersion,
      kind: Ingress.kind,
      metadata: { namespace: ours, name: "foreign" },
      spec: { rules: [{ host: "foreign.test", http: { paths: [path] } }] },
    });
    await afterSecond(foreign, ingress);
    const hosts = ["foreign.test"];
    await cluster.createRoute("app", { hosts, rules: prefix("/app") }, ours);
    await cluster.condition("app", "Accepted", "False", { namespace: ours, reason: "Conflict" });
    const exact: RouteSpec["rules"] = [
      { matches: [{ path: { type: "Exact", value: "/old" } }], targets: [target] },
    ];
    await cluster.createRoute("old", { hosts, rules: exact }, ours);
    await cluster.condition("old", "Accepted", "False", { namespace: ours, reason: "Conflict" });
    await cluster.createRoute("beside", { hosts, rules: prefix("/old") }, ours);
    await cluster.condition("beside", "Translated", "True", { namespace: ours });

    await admin.delete(IngressRoute, foreign.metadata, { uid: foreign.metadata.uid });
    await cluster.condition("app", "Translated", "True", { namespace: ours });
  });

  it("a class gives hosts to namespaces: the most exact pattern decides", async () => {
    const [ours, theirs] = cluster.namespaces as [string, string];
    const routeClass = await cluster.admin.get(RouteClass, { name: cluster.className });
    const hosts = [
      { pattern: "*", namespaces: ["*"] },
      { pattern: "*.given.test", namespaces: [ours] },
    ];
    await cluster.admin.patch(RouteClass, routeClass.metadata, [
      { op: "replace", path: "/spec/hosts", value: hosts },
    ]);
    await cluster.createRoute("given", { hosts: ["a.given.test"] }, theirs);
    const refused = await cluster.condition("given", "HostClaimed", "False", {
      namespace: theirs,
      reason: "HostNotAllowed",
    });
    expect(messageOf(refused, "Accepted")).toBe(
      `spec.hosts[0]: RouteClass "${cluster.className}" gives "a.given.test" to other namespaces, or to none.`,
    );
    await cluster.createRoute("given", { hosts: ["a.given.test"] }, ours);
    await cluster.condition("given", "Translated", "True", { namespace: ours });
    await cluster.admin.patch(RouteClass, routeClass.metadata, [
      { op: "replace", path: "/spec/hosts/1/namespaces", value: [theirs] },
    ]);
    await cluster.condition("given", "Translated", "True", { namespace: theirs });
    await cluster.condition("given", "Accepted", "False", { namespace: ours });
    expect(await routersOf("given", ours)).toEqual([]);
  });
});

it("the rights of the route-controller suffice for all of that, and let it read no Secret", () => {
  const { log } = cluster.proxy;
  const refused = log.filter(({ upstreamStatus }) => upstreamStatus === 401 || upstreamStatus === 403);
  expect(refused.map(({ verb, resource }) => `${verb} ${resource}`)).toEqual([]);
  expect(log.filter(({ resource }) => resource === "secrets")).toEqual([]);
});
