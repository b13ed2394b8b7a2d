import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { Image } from "@datalayer/shared/crds/image";
import type { KubeObject, Manifest } from "@datalayer/shared/kube/object";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { kindOf } from "./manifests.ts";

const condition = {
  type: "object",
  properties: Object.fromEntries(
    ["type", "status", "reason", "message", "lastTransitionTime"].map((name) => [name, { type: "string" }]),
  ),
};
const status = {
  type: "object",
  properties: { image: { type: "string" }, conditions: { type: "array", items: condition } },
};

/** Makes the API server serve Images, as far as their consumers read them. Any number of test files may do so. */
export async function installImageKind(admin: RestClient): Promise<void> {
  const definition: Manifest<KubeObject> & { spec: object } = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "images.datalayer.io" },
    spec: {
      group: "datalayer.io",
      scope: "Namespaced",
      names: { plural: Image.plural, singular: "image", kind: Image.kind },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: "object", properties: { status } } },
          subresources: { status: {} },
        },
      ],
    },
  };
  await admin.apply(kindOf(definition), definition);
  await eventually(() => admin.list(Image), { message: "Images being served" });
}

/** Creates an Image that nothing has built yet. */
export function createImage(admin: RestClient, ref: { namespace: string; name: string }): Promise<Image> {
  return admin.create(Image, { apiVersion: Image.apiVersion, kind: Image.kind, metadata: ref });
}

/** Publishes a build, as its controller does. */
export async function publish(
  admin: RestClient,
  ref: { namespace: string; name: string },
  reference: string,
): Promise<void> {
  const value = { image: reference };
  await admin.patch(Image, ref, [{ op: "add", path: "/status", value }], { subresource: "status" });
}
