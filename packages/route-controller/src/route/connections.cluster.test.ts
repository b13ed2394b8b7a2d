import { Route, type RouteSpec } from "@datalayer/shared/crds/route";
import { IngressRoute } from "@datalayer/shared/crds/traefik";
import { beforeAll, expect, it } from "vitest";
import { type Harness, startHarness } from "../../test/harness.ts";

let cluster: Harness;

beforeAll(async () => {
  cluster = await startHarness();
  await cluster.createClass();
  await cluster.serve("target", []);
  await cluster.startReplica("first");
});

/** A Route (of two of one second, the first by name is the older) of `*.shared.test` or a host of it, with HTTPS, at a path of its own. */
function spec(host: string, path: string, changes: Partial<RouteSpec> = {}): Partial<RouteSpec> {
  return {
    hosts: [host],
    tls: { secretName: "certificate" },
    rules: [{ matches: [{ path: { value: path } }], targets: [{ service: { name: "target" }, port: 80 }] }],
    ...changes,
  };
}

it("a Route beside one that asks for client certificates waits until that one has gone", async () => {
  const auth = { clientCert: { caSecretName: "authorities" } };
  const first = await cluster.createRoute("guarded", spec("a.shared.test", "/guarded", { auth }));
  await cluster.condition("guarded", "Translated", "True");
  await cluster.createRoute("open", spec("*.shared.test", "/open"));
  const refused = await cluster.condition("open", "Accepted", "False", { reason: "Conflict" });
  expect(refused.status?.conflictsWith).toEqual([{ host: "*.shared.test", path: "/", route: "guarded" }]);
  const { items } = await cluster.admin.list(IngressRoute, { namespace: cluster.namespace });
  expect(items.flatMap(({ metadata }) => metadata.ownerReferences?.map(({ name }) => name))).not.toContain(
    "open",
  );

  await cluster.createRoute("elsewhere", spec("a.other.test", "/"));
  await cluster.condition("elsewhere", "Translated", "True");

  await cluster.admin.delete(Route, first.metadata, { uid: first.metadata.uid });
  await cluster.condition("open", "Translated", "True");
  await cluster.createRoute("younger", spec("b.shared.test", "/younger", { auth }));
  await cluster.condition("younger", "Accepted", "False", { reason: "Conflict" });
});
