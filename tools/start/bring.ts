import type { StartedCluster } from "@datalayer/devcluster/cluster";
import { UserError } from "@datalayer/devcluster/errors";
import { applyManifests, removeObjects } from "@datalayer/devcluster/manifests";
import { type KubernetesObject, V1ObjectMeta } from "@kubernetes/client-node";
import type { Later } from "./reversible.ts";

/** By which a later run knows what an earlier one brought and, being killed, did not take out again. */
const mark = { name: "datalayer.io/brought-by", value: "npm-start" };

/**
 * Applies manifests. In a cluster of the reader's own, what is there already is left as it is, and what is not is taken
 * out again later.
 * @throws UserError when the namespace is there already: an operator may be at work in it.
 */
export async function bring(
  paths: readonly string[],
  { attached, kubeconfigPath }: StartedCluster,
  {
    later,
    transform = (object) => object,
  }: { later: Later; transform?: (object: KubernetesObject) => KubernetesObject },
): Promise<void> {
  if (!attached) return applyManifests(paths, { kubeconfigPath, transform });
  const brought: KubernetesObject[] = [];
  later(() => removeObjects(brought, kubeconfigPath));
  await applyManifests(paths, {
    kubeconfigPath,
    transform: (object) => marked(transform(object)),
    selects: (object, existing) => {
      const isOurs = !existing || isMarked(existing);
      if (!isOurs && object.kind === "Namespace") throw namespaceIsThere(object);
      if (isOurs) brought.push(object);
      return isOurs;
    },
  });
}

function marked(object: KubernetesObject): KubernetesObject {
  const labels = { ...object.metadata?.labels, [mark.name]: mark.value };
  return { ...object, metadata: Object.assign(new V1ObjectMeta(), object.metadata, { labels }) };
}

function isMarked({ metadata }: KubernetesObject): boolean {
  return metadata?.labels?.[mark.name] === mark.value;
}

function namespaceIsThere({ metadata }: KubernetesObject): UserError {
  return new UserError(
    `The cluster has a namespace ${metadata?.name ?? ""} already, so an operator may be at work in it: use a cluster without one.`,
  );
}
