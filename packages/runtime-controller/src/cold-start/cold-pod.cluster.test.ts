import { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { Pod } from "@datalayer/shared/kube/kinds";
import { expect, it } from "vitest";
import { contentManifest, environmentManifest, poolManifest } from "../../test/builders.ts";
import { startHarness } from "../../test/harness.ts";

/** The spec without what is another for each Pod, and without what the API server and the scheduler add. */
function made({ metadata, spec }: Pod): Record<string, unknown> {
  const text = JSON.stringify(spec).replaceAll(metadata.name.slice("runtime-".length), "<ulid>");
  const { nodeName, ...rest } = JSON.parse(text) as Record<string, unknown>;
  expect(nodeName).toBeDefined();
  return rest;
}

it("a Pod of a size is made as the warm Pods of its pool are, but for its resources", async () => {
  const cluster = await startHarness();
  const { namespace, admin } = cluster;
  const replica = await cluster.startReplica("sizes", {
    settings: { DATALAYER_DOCKER_REGISTRY: "registry.example:5000" },
  });
  await admin.create(RuntimeContent, contentManifest(namespace, "course"));
  const environment = environmentManifest(namespace, {
    name: "rich",
    dockerImage: "${DATALAYER_DOCKER_REGISTRY}/datalayer/jupyter-python:0.0.8",
    contents: [{ name: "course", mount: "/home/datalayer/course" }],
    imagePullSecrets: [{ name: "of-the-environment" }],
    env: [{ name: "REGION", value: "eu" }],
  });
  await admin.create(RuntimeEnvironment, environment);
  const pool = {
    name: "rich",
    environment: "rich",
    size: 1,
    imagePullSecrets: [{ name: "of-the-pool" }],
    tolerations: [{ key: "spot", operator: "Exists" as const }],
  };
  await admin.create(RuntimePool, poolManifest(namespace, pool));
  const [warm] = await cluster.available("rich", 1);
  const { status, body } = await replica.ask("POST", "/runtimes", {
    body: { pool_name: "rich", user_uid: "ada", size_class: "small" },
    headers: { prefer: "wait=20" },
  });
  expect(status).toBe(201);
  const cold = await admin.get(Pod, { namespace, name: body.runtime.pod_name });
  const [ours, theirs] = [made(cold), made(warm!.pod)];
  const [container] = ours["containers"] as [Record<string, unknown>];
  const [warmContainer] = theirs["containers"] as [Record<string, unknown>];
  expect(container["image"]).toBe("registry.example:5000/datalayer/jupyter-python:0.0.8");
  expect(ours["initContainers"]).toHaveLength(1);
  expect(ours["imagePullSecrets"]).toEqual(
    expect.arrayContaining([{ name: "of-the-environment" }, { name: "of-the-pool" }]),
  );
  expect(container["resources"]).not.toEqual(warmContainer["resources"]);
  expect(ours).toEqual({
    ...theirs,
    containers: [{ ...warmContainer, resources: container["resources"] }],
  });
});
