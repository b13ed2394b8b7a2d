import { join } from "node:path";
import type { StartedCluster } from "@datalayer/devcluster/cluster";
import { applyManifests } from "@datalayer/devcluster/manifests";
import { bring } from "./bring.ts";
import { buildsNamespace } from "./images.ts";
import type { Later } from "./reversible.ts";

const examples = join(import.meta.dirname, "../../examples");

/** The environment that the example declares. */
export const environmentOfExample = "python-simple-env";
/** The pool that the example declares. */
export const poolOfExample = { namespace: "datalayer-runtimes", name: "python-simple-pool" };

/** The Image that the example declares. */
export const imageOfExample = { namespace: buildsNamespace, name: "python-simple" };
/** The repository in which it is published, below the registry. */
export const repositoryOfExample = "datalayer/python-simple";

/** What runtimes of the example run in place of what it says: an image, or what an Image has been built to. */
export type OtherImage = { dockerImage: string } | { image: { name: string } };

/**
 * Applies the example.
 * @param options - another image, and how the example is taken back in the reader's own cluster.
 */
export async function applyExample(
  cluster: StartedCluster,
  { other, later = () => undefined }: { other?: OtherImage; later?: Later } = {},
): Promise<void> {
  await bring([join(examples, "python-simple.yaml")], cluster, {
    later,
    transform: (object) => {
      if (other === undefined || object.kind !== "RuntimeEnvironment") return object;
      const { spec } = object as { spec?: object };
      return { ...object, spec: { ...spec, dockerImage: undefined, ...other } } as typeof object;
    },
  });
}

/** Applies the Image of the example. */
export function applyImage({ kubeconfigPath }: StartedCluster): Promise<void> {
  return applyManifests([join(examples, "image.yaml")], { kubeconfigPath });
}
