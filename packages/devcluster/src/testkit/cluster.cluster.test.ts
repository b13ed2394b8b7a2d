import { beforeAll, describe, expect, it } from "vitest";
import { coreApi } from "../cluster/nodes.ts";
import { testNamespace, useCluster } from "./cluster.ts";
import { eventually } from "./eventually.ts";

describe("given the cluster of the run", () => {
  let namespace: string;

  beforeAll(async () => {
    namespace = await testNamespace();
  });

  it("has a namespace for this file, with the controller manager at work in it", async () => {
    const { kubeconfigPath } = await useCluster();
    const api = coreApi(kubeconfigPath);
    const account = await eventually(() => api.readNamespacedServiceAccount({ name: "default", namespace }));
    expect(account.metadata?.namespace).toBe(namespace);
  });
});
