import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { Image } from "@datalayer/shared/crds/image";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { kindOf, objectsOfChart } from "@datalayer/shared/kube/testkit/chart";

/** Makes the API server serve Images. Any number of test files may do so. */
export async function installKind(admin: RestClient): Promise<void> {
  const objects = await objectsOfChart("image-controller", "crds");
  await Promise.all(objects.map((object) => admin.apply(kindOf(object), object)));
  await eventually(() => admin.list(Image), { message: "Images being served" });
}
