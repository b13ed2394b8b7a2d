import { findCondition } from "@datalayer/shared/controller/conditions";
import type { Image } from "@datalayer/shared/crds/image";
import type { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import type { ObjectRef } from "@datalayer/shared/kube/object";
import { imageReferenceOf } from "@datalayer/shared/config/image-reference";

/** Where images come from. */
export interface ImageSources {
  /** The Image objects there are. */
  images: { get(ref: ObjectRef): Image | undefined };
  /** The namespace of the Images that environments may name. */
  imagesNamespace: string;
  /** Replaces `${DATALAYER_DOCKER_REGISTRY}` in image references. */
  dockerRegistry?: string;
}

/** Picks what images need out of the settings. */
export function imageSourcesOf(
  images: ImageSources["images"],
  { imagesNamespace, dockerRegistry }: Omit<ImageSources, "images">,
): ImageSources {
  return { images, imagesNamespace, dockerRegistry };
}

/** The reasons why an environment has no image. */
export type ImageReason = "ImageNotFound" | "ImageNotReady" | "RegistryNotSet";

/** Why an environment has no image. */
export interface ImageFault {
  reason: ImageReason;
  message: string;
  /** Whether it ends without anybody changing something. */
  isPassing?: boolean;
}

/** The reference of the image that runs, or why there is none. */
export type ResolvedImage =
  { reference: string; fault?: undefined } | { reference?: undefined; fault: ImageFault };

const pinned = /^[^\s@]+@sha256:[0-9a-f]{64}$/;

/**
 * The image of an environment. One that is given by the name of an Image is the build that this published last:
 * it stays while a newer one is built, or fails.
 */
export function imageOf({ spec }: RuntimeEnvironment, sources: ImageSources): ResolvedImage {
  if (spec.image) return builtImage(spec.image.name, sources);
  const { dockerImage = "" } = spec;
  const reference = imageReferenceOf(dockerImage, sources.dockerRegistry);
  if (reference !== undefined) return { reference };
  const message = `spec.dockerImage: ${dockerImage} names the operator's setting DATALAYER_DOCKER_REGISTRY, which is not set.`;
  return { fault: { reason: "RegistryNotSet", message } };
}

/** The environments that name this Image. */
export function environmentsNaming(
  { metadata }: Image,
  environments: { list(): RuntimeEnvironment[] },
  { imagesNamespace }: ImageSources,
): RuntimeEnvironment[] {
  if (metadata.namespace !== imagesNamespace) return [];
  return environments.list().filter(({ spec }) => spec.image?.name === metadata.name);
}

function builtImage(name: string, { images, imagesNamespace }: ImageSources): ResolvedImage {
  const image = images.get({ namespace: imagesNamespace, name });
  if (!image) {
    const message = `spec.image.name: there is no Image "${name}" in namespace ${imagesNamespace}.`;
    return { fault: { reason: "ImageNotFound", message } };
  }
  const reference = image.status?.image;
  if (reference !== undefined && pinned.test(reference)) return { reference };
  return { fault: notReady(image, reference) };
}

function notReady({ metadata, status }: Image, reference: string | undefined): ImageFault {
  const problem =
    reference === undefined
      ? "has not been built yet"
      : `reports ${reference}, which is not pinned by digest`;
  const because = findCondition(status?.conditions ?? [], "Ready")?.message;
  const message = `spec.image.name: the Image "${metadata.name}" ${problem}${because ? `: ${because}` : "."}`;
  return { reason: "ImageNotReady", message, isPassing: true };
}
