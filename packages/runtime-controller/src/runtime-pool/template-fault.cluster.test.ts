import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { expect, it } from "vitest";
import { startHarness } from "../../test/harness.ts";

it("a pool whose environment names a missing content is refilled from its last good revision", async () => {
  const cluster = await startHarness();
  const replica = await cluster.startReplica("refill");
  const pool = await cluster.warmPool({ name: "python", size: 2 });
  const [{ revision } = { revision: "" }] = await cluster.available("python", 2);
  const ref = { namespace: cluster.namespace, name: "python" };
  const missing = [{ name: "missing", mount: "/home/datalayer/missing" }];
  await cluster.admin.patch(RuntimeEnvironment, ref, [{ op: "add", path: "/spec/contents", value: missing }]);
  const message = await eventually(
    async () => {
      const { status } = await cluster.admin.get(RuntimePool, pool.metadata);
      return status?.conditions?.find(({ reason }) => reason === "ContentNotFound")?.message;
    },
    { message: "the pool knowing that the content is missing" },
  );
  expect(message).toContain(`The pool stays filled with runtimes of ${revision}, the last good revision.`);
  expect((await replica.claim({ environment_name: "python" })).status).toBe(201);
  const refilled = await cluster.available("python", 2);
  expect(refilled.map((runtime) => runtime.revision)).toEqual([revision, revision]);
});
