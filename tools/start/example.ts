import { join } from "node:path";
import type { StartedCluster } from "@datalayer/devcluster/cluster";
import { applyManifests } from "@datalayer/devcluster/manifests";
import type { KubernetesObject } from "@kubernetes/client-node";

const examples = join(import.meta.dirname, "../../examples");

/** The pool that the example declares. */
export const poolOfExample = { namespace: "datalayer-runtimes", name: "python-simple-pool" };

/** Applies the example, with another image where one is given; resolves with what was not there before. */
export async function applyExample(
  cluster: StartedCluster,
  image: string | undefined,
): Promise<KubernetesObject[]> {
  return applyManifests([join(examples, "python-simple.yaml")], {
    kubeconfigPath: cluster.kubeconfigPath,
    transform: (object) => {
      if (image === undefined || object.kind !== "RuntimeEnvironment") return object;
      const { spec } = object as { spec?: object };
      return { ...object, spec: { ...spec, dockerImage: image } } as typeof object;
    },
  });
}
