import {
  fetchContainer,
  fetchedTree,
  type FetchRequest,
  fetchVolumes,
} from "@datalayer/shared/content/fetcher";
import type { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import type { Container, Volume, VolumeMount } from "@datalayer/shared/kube/pod-parts";

/** A repository that is larger ends the Pod rather than the node. */
const sizeLimit = "10Gi";

/** The volumes of a git content: its files, and its credentials where it names a Secret. */
export function gitVolumes(content: RuntimeContent, name: string): Volume[] {
  return fetchVolumes(requestOf(content), name, sizeLimit);
}

/** The init container that fetches a git content at its commit, and fails when its archive has another hash. */
export function gitContainer(content: RuntimeContent, name: string, image: string): Container {
  return fetchContainer(requestOf(content), name, image);
}

/** Where in its volume a git content lies. */
export function gitMountOf({ spec }: RuntimeContent, name: string): Pick<VolumeMount, "name" | "subPath"> {
  const parts = (spec.subPath ?? "").split("/").filter((part) => part !== "" && part !== ".");
  return { name, subPath: [fetchedTree, ...parts].join("/") };
}

function requestOf({ metadata, spec }: RuntimeContent): FetchRequest {
  const { source = "", revision, sha256, subPath, secret } = spec;
  return { name: metadata.name, source, type: { git: { revision } }, sha256, subPath, secret };
}
