import { installCertManagerKinds } from "@datalayer/devcluster/testkit/cert-manager";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { Certificate } from "@datalayer/shared/crds/cert-manager";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { defineKind, type KubeObject } from "@datalayer/shared/kube/object";
import type { Harness } from "./harness.ts";

const CustomResourceDefinition = defineKind<KubeObject & { spec: object }>({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  namespaced: false,
});
const definition = { name: "certificates.cert-manager.io" };

const ClusterIssuer = defineKind<KubeObject & { spec: object }>({
  apiVersion: "cert-manager.io/v1",
  kind: "ClusterIssuer",
  plural: "clusterissuers",
  namespaced: false,
});

/** Makes the API server serve cert-manager's kinds. */
export async function installCertManager({ admin, kubeconfigPath }: Harness): Promise<void> {
  await installCertManagerKinds(kubeconfigPath);
  await eventually(() => admin.list(Certificate), { message: "Certificates being served" });
}

/** Has the API server serve no Certificates, as where cert-manager is not installed. */
export async function uninstallCertManager({ admin }: Harness): Promise<void> {
  const found = await orMissing(admin.get(CustomResourceDefinition, definition));
  if (!found) return;
  await admin.delete(CustomResourceDefinition, definition, { uid: found.metadata.uid });
  await eventually(async () => !(await orMissing(admin.get(CustomResourceDefinition, definition))), {
    message: "Certificates being gone",
  });
}

/** Creates an issuer for all namespaces whose certificates sign themselves. */
export async function createIssuer({ admin }: Harness, name: string): Promise<void> {
  const { apiVersion, kind } = ClusterIssuer;
  await admin.apply(ClusterIssuer, { apiVersion, kind, metadata: { name }, spec: { selfSigned: {} } });
}

async function orMissing<T>(call: Promise<T>): Promise<T | undefined> {
  return call.catch((error: unknown) => {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    throw error;
  });
}
