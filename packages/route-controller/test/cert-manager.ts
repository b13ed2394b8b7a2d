import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { Certificate } from "@datalayer/shared/crds/cert-manager";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { defineKind, type KubeObject } from "@datalayer/shared/kube/object";
import type { RestClient } from "@datalayer/shared/kube/rest";

const CustomResourceDefinition = defineKind<KubeObject & { spec: object }>({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  namespaced: false,
});
const definition = { name: "certificates.cert-manager.io" };
const text = { type: "string" };
const texts = { type: "array", items: text };
const recordOf = (properties: object): object => ({ type: "object", properties });

const spec = recordOf({
  secretName: text,
  dnsNames: texts,
  issuerRef: recordOf({ name: text, kind: text, group: text }),
});
const condition = recordOf({ type: text, status: text, reason: text, message: text });
const status = recordOf({ conditions: { type: "array", items: condition } });

/** Makes the API server serve cert-manager's Certificates, as far as Routes need them. */
export async function installCertManager(admin: RestClient): Promise<void> {
  const { apiVersion, kind } = CustomResourceDefinition;
  await admin.apply(CustomResourceDefinition, {
    apiVersion,
    kind,
    metadata: definition,
    spec: {
      group: "cert-manager.io",
      scope: "Namespaced",
      names: { plural: Certificate.plural, singular: "certificate", kind: Certificate.kind },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: recordOf({ spec, status }) },
        },
      ],
    },
  });
  await eventually(() => admin.list(Certificate), { message: "Certificates being served" });
}

/** Has the API server serve no Certificates, as where cert-manager is not installed. */
export async function uninstallCertManager(admin: RestClient): Promise<void> {
  const found = await orMissing(admin.get(CustomResourceDefinition, definition));
  if (!found) return;
  await admin.delete(CustomResourceDefinition, definition, { uid: found.metadata.uid });
  await eventually(async () => !(await orMissing(admin.get(CustomResourceDefinition, definition))), {
    message: "Certificates being gone",
  });
}

/** Writes the status that cert-manager writes when it has issued a certificate, or has not yet. */
export async function setIssued(
  admin: RestClient,
  { metadata }: Certificate,
  state: { isReady: boolean; message: string },
): Promise<void> {
  const ready = { type: "Ready", status: state.isReady ? "True" : "False", reason: "Test" };
  const value = { conditions: [{ ...ready, message: state.message }] };
  await admin.patch(Certificate, metadata, [{ op: "add", path: "/status", value }], {
    subresource: "status",
  });
}

async function orMissing<T>(call: Promise<T>): Promise<T | undefined> {
  return call.catch((error: unknown) => {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    throw error;
  });
}
