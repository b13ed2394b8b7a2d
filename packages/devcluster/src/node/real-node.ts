import type { ClusterContext, NodeContext } from "../cluster/context.ts";
import { provideImages, type LocalImage, type LocalImages } from "../images/images.ts";
import { provideImageSets, type ImageSet } from "../images/sets.ts";
import { together } from "../process/together.ts";
import type { KeptRepository } from "../registry/kept.ts";
import { startRegistry } from "../registry/registry.ts";
import { provideNodePrograms, type NodePrograms } from "./components.ts";
import { startContainerd } from "./containerd.ts";
import { startKubelet } from "./kubelet.ts";
import { imageStoreStep } from "./image-store.ts";
import { startNamespaces, type NodeNamespaces } from "./namespaces.ts";
import { createPodNetwork, type PodNetwork } from "./pod-network.ts";

/** What a real node needs of this machine, ready before anything of the cluster runs. */
export interface NodeParts {
  programs: NodePrograms;
  images: LocalImages;
  /** What the registry holds beside these. */
  moreImages: readonly LocalImage[];
  kept: readonly KeptRepository[];
  /** See `shareImages`. */
  imageStore: string;
  network: PodNetwork;
}

/** A node that runs containers, and has no kubelet yet. */
export interface NodeRuntime extends NodeParts {
  namespaces: NodeNamespaces;
  /** `host:port` of the registry, which this machine and Pods can reach. */
  registry: string;
}

/** Provides the programs and images of a real node, and makes the network of its Pods. */
export async function prepareNode(
  context: ClusterContext,
  { sets, kept }: { sets: readonly ImageSet[]; kept: readonly KeptRepository[] },
): Promise<NodeParts> {
  const programs = await provideNodePrograms(context.provisioner);
  const images = await provideImages(context.provisioner, context.searchPath);
  const moreImages = await provideImageSets(sets, context.provisioner, context.searchPath);
  const store = await context.provisioner.provide(
    await imageStoreStep(programs, [images.pause, images.jupyter]),
  );
  const network = await createPodNetwork(context);
  return { programs, images, moreImages, kept, imageStore: store.paths.root, network };
}

/** Starts the registry and containerd; neither needs the control plane, so both may start while that does. */
export async function startNodeRuntime(context: ClusterContext, parts: NodeParts): Promise<NodeRuntime> {
  const { programs, images, moreImages, kept, network } = parts;
  const { pause, jupyter, gitContent, debian, pauseProgram } = images;
  const needed = [programs.kubelet, programs.containerd, programs.runc, programs.cniDir];
  const held = [pause, jupyter, gitContent, debian, ...moreImages];
  const [registry, namespaces] = await together([
    startRegistry(context, { address: network.hostAddress, images: held, kept }),
    startNamespaces(context, { pauseProgram, needed }),
  ]);
  const { imageStore } = parts;
  await startContainerd(context, { namespaces, programs, network, registry, imageStore, pause });
  return { ...parts, namespaces, registry };
}

/** Starts kubelet; the node is Ready on return. */
export async function startRealNode(context: NodeContext, runtime: NodeRuntime): Promise<void> {
  const { programs, namespaces, network } = runtime;
  await startKubelet(context, { program: programs.kubelet, namespaces, network });
}
