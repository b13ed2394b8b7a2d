import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { defineKind, type KubeObject } from "../object.ts";
import type { RestClient } from "../rest.ts";

const ResourceQuota = defineKind<KubeObject & { spec: object; status?: { hard?: object } }>({
  apiVersion: "v1",
  kind: "ResourceQuota",
  plural: "resourcequotas",
});

/** Limits a namespace, such as to `{ pods: "0" }`; resolves, once that is in force, with what lifts it. */
export async function limitNamespace(
  admin: RestClient,
  namespace: string,
  hard: Readonly<Record<string, string>>,
): Promise<() => Promise<void>> {
  const metadata = { namespace, name: "limit" };
  const { apiVersion, kind } = ResourceQuota;
  const quota = await admin.create(ResourceQuota, { apiVersion, kind, metadata, spec: { hard } });
  const isInForce = async (): Promise<boolean> =>
    (await admin.get(ResourceQuota, metadata)).status?.hard !== undefined;
  await eventually(isInForce, { message: `the quota of ${namespace} being in force` });
  return async () => {
    await admin.delete(ResourceQuota, metadata, { uid: quota.metadata.uid });
  };
}
