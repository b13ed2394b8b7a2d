import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { Image } from "@datalayer/shared/crds/image";
import { kindOf, objectsOfChart } from "@datalayer/shared/kube/testkit/chart";
import type { RestClient } from "@datalayer/shared/kube/rest";

/** Makes the API server serve Images. Any number of test files may do so. */
export async function installImageKind(admin: RestClient): Promise<void> {
  const objects = await objectsOfChart("image-controller", "crds");
  await Promise.all(objects.map((object) => admin.apply(kindOf(object), object)));
  await eventually(() => admin.list(Image), { message: "Images being served" });
}

/** Creates an Image that nothing has built yet. */
export function createImage(admin: RestClient, ref: { namespace: string; name: string }): Promise<Image> {
  const spec = { source: { inline: { dockerfile: "FROM scratch" } } };
  return admin.create(Image, { apiVersion: Image.apiVersion, kind: Image.kind, metadata: ref, spec });
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
