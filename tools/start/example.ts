import { join } from "node:path";
import type { StartedCluster } from "@datalayer/devcluster/cluster";
import { bring } from "./bring.ts";
import type { Later } from "./reversible.ts";

const examples = join(import.meta.dirname, "../../examples");

/** The environment that the example declares. */
export const environmentOfExample = "python-simple-env";
/** The pool that the example declares. */
export const poolOfExample = { namespace: "datalayer-runtimes", name: "python-simple-pool" };

/**
 * Applies the example.
 * @param options - another `image`, and how it is taken back in the reader's own cluster.
 */
export async function applyExample(
  cluster: StartedCluster,
  { image, later = () => undefined }: { image?: string; later?: Later } = {},
): Promise<void> {
  await bring([join(examples, "python-simple.yaml")], cluster, {
    later,
    transform: (object) => {
      if (image === undefined || object.kind !== "RuntimeEnvironment") return object;
      const { spec } = object as { spec?: object };
      return { ...object, spec: { ...spec, dockerImage: image } } as typeof object;
    },
  });
}
