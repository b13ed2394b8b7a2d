import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { findCondition } from "@datalayer/shared/controller/conditions";
import { defaultRouteClass, RouteClass } from "@datalayer/shared/crds/route-class";
import { beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "../../test/harness.ts";

let cluster: Harness;

beforeAll(async () => {
  cluster = await startHarness();
  await cluster.startReplica("first");
});

describe("given a replica that leads", () => {
  it("there is the class of Routes that name none", async () => {
    const found = await eventually(() => cluster.admin.get(RouteClass, { name: defaultRouteClass }));
    expect(found.spec).toMatchObject({ backend: "traefik", hosts: [{ pattern: "*" }] });
  });

  it("a class says that its Gateway is missing", async () => {
    const gateway = { namespace: cluster.namespace, name: "absent" };
    await cluster.createClass({ backend: "gateway-api", traefik: undefined, gateway });
    const accepted = await eventually(async () => {
      const { status } = await cluster.admin.get(RouteClass, { name: cluster.className });
      return findCondition(status?.conditions ?? [], "Accepted");
    });
    expect(accepted).toMatchObject({
      status: "False",
      reason: "NoDataPlane",
      message: `RouteClass "${cluster.className}": there is no Gateway "absent" in namespace ${cluster.namespace}.`,
    });
    await cluster.createRoute("waiting");
    await cluster.condition("waiting", "Translated", "False", { reason: "NoDataPlane" });
  });
});
