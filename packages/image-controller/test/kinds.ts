import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { Image } from "@datalayer/shared/crds/image";
import { kindOf, objectsOfChart } from "@datalayer/shared/kube/testkit/chart";
import type { RestClient } from "@datalayer/shared/kube/rest";

/** Makes the API server serve Images. Any number of test files may do so at once. */
export async function installImageKind(admin: RestClient): Promise<void> {
  const objects = await objectsOfChart("image-controller", "crds");
  await Promise.all(objects.map((object) => admin.apply(kindOf(object), object)));
  await eventually(() => admin.list(Image), { message: "Images being served" });
}

/** Gives an Image a status, as its controller does. */
export function reportImage(admin: RestClient, { metadata }: Image, value: Image["status"]): Promise<Image> {
  return admin.patch(Image, metadata, [{ op: "add", path: "/status", value }], { subresource: "status" });
}
