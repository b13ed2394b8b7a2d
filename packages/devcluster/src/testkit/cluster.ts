import { randomBytes } from "node:crypto";
import { V1Namespace } from "@kubernetes/client-node";
import { afterAll, inject } from "vitest";
import { coreApi } from "../cluster/nodes.ts";
import "./global-setup.ts";

/** The cluster of this test run; needs the global set-up of this folder. */
export function useCluster(): Promise<{ kubeconfigPath: string }> {
  const kubeconfigPath = inject("devclusterKubeconfig");
  return Promise.resolve({ kubeconfigPath });
}

/**
 * Creates a namespace with a name of its own, which is deleted after the test file (or after the `describe` in
 * which this is called). Call it in `beforeAll` or at the top of the file.
 */
export async function testNamespace(): Promise<string> {
  const { kubeconfigPath } = await useCluster();
  const api = coreApi(kubeconfigPath);
  const name = `test-${randomBytes(5).toString("hex")}`;
  await api.createNamespace({ body: Object.assign(new V1Namespace(), { metadata: { name } }) });
  afterAll(async () => {
    await api.deleteNamespace({ name });
  });
  return name;
}
