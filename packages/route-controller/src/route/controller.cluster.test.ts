import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { Route, type RouteSpec } from "@datalayer/shared/crds/route";
import { IngressRoute, Middleware } from "@datalayer/shared/crds/traefik";
import { Service } from "@datalayer/shared/kube/kinds";
import { beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "../../test/harness.ts";

let cluster: Harness;

beforeAll(async () => {
  cluster = await startHarness({ namespaces: 2 });
  await cluster.createClass();
  await cluster.serve("target", []);
  await cluster.startReplica("first");
});

/** The IngressRoutes of a Route. */
async function routersOf(name: string, namespace = cluster.namespace): Promise<IngressRoute[]> {
  const { items } = await cluster.admin.list(IngressRoute, { namespace });
  return items.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.name === name));
}

function messageOf(route: Route, type: string): string | undefined {
  return route.status?.conditions?.find((one) => one.type === type)?.message;
}

const path = (value: string): RouteSpec["rules"] => [
  { matches: [{ path: { value } }], targets: [{ service: { name: "target" }, port: 80 }] },
];

describe("given a Route to a Service", () => {
  it("makes an IngressRoute that goes with it, and says so", async () => {
    await cluster.createRoute("plain", { rules: path("/a") });
    const route = await cluster.condition("plain", "Translated", "True");
    expect(route.status).toMatchObject({ url: "http://plain.test/a", target: "Service/target" });
    const [router] = await routersOf("plain");
    expect(router?.metadata.ownerReferences).toMatchObject([{ kind: "Route", uid: route.metadata.uid }]);
    expect(route.status?.backends).toMatchObject([
      {
        class: cluster.className,
        objects: [{ kind: "Middleware" }, { kind: "IngressRoute", name: router?.metadata.name }],
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
    await cluster.admin.delete(IngressRoute, router!.metadata, { uid: router!.metadata.uid });
    await eventually(async () => (await routersOf("damaged")).length === 1);
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
    const first = await cluster.createRoute("shared", { hosts, rules: path("/a") }, ours);
    await cluster.condition("shared", "Translated", "True", { namespace: ours });
    // The server tells ages in seconds.
    await eventually(async () => {
      const probe = await cluster.createRoute("clock", {}, theirs);
      await cluster.admin.delete(Route, probe.metadata, { uid: probe.metadata.uid });
      return probe.metadata.creationTimestamp > first.metadata.creationTimestamp;
    });
    await cluster.createRoute("also", { hosts, rules: path("/a") }, theirs);
    const loser = await cluster.condition("also", "Accepted", "False", {
      namespace: theirs,
      reason: "Conflict",
    });
    expect(loser.status?.conflictsWith).toEqual([{ host: "shared.test", path: "/a" }]);
    expect(JSON.stringify(loser.status?.conditions)).not.toContain(ours);
    expect(await routersOf("also", theirs)).toEqual([]);

    await cluster.createRoute("nested", { hosts, rules: path("/a/b") }, theirs);
    await cluster.condition("nested", "Translated", "True", { namespace: theirs });

    await cluster.admin.delete(Route, first.metadata, { uid: first.metadata.uid });
    await cluster.condition("also", "Translated", "True", { namespace: theirs });
    expect(await routersOf("also", theirs)).toHaveLength(1);
  });
});
