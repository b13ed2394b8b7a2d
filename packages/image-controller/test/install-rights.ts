import type { RestClient } from "@datalayer/shared/kube/rest";
import { kindOf, movedTo, objectsOfChart } from "@datalayer/shared/kube/testkit/chart";

/** The ServiceAccount of the image-controller. */
export const operatorAccount = "datalayer-image-controller-sa";
/** For which the files of the chart are written, beside the namespace of the controller. */
const buildsNamespace = "datalayer-builds";

/**
 * Gives the image-controller of a namespace the rights of the chart: in that one, and in all that it watches. Answers with
 * what undoes the part that does not go with the namespaces.
 */
export async function installRights(
  admin: RestClient,
  namespaces: readonly [string, ...string[]],
): Promise<() => Promise<void>> {
  const [own] = namespaces;
  const files = await objectsOfChart("image-controller", "rbac");
  const objects = files.flatMap((object) => {
    const { metadata } = object;
    if (metadata.namespace !== buildsNamespace) return [movedTo(own, object)];
    return namespaces.map((namespace) => movedTo(own, { ...object, metadata: { ...metadata, namespace } }));
  });
  await Promise.all(objects.map((object) => admin.apply(kindOf(object), object)));
  return async () => {
    for (const object of objects.filter(({ kind }) => kind === "ClusterRoleBinding")) {
      const { metadata } = await admin.get(kindOf(object), object.metadata);
      await admin.delete(kindOf(object), metadata, { uid: metadata.uid });
    }
  };
}
