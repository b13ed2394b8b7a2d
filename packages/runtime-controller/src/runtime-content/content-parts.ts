import type { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import type { Volume, VolumeMount } from "@datalayer/shared/kube/pod-parts";
import { contentsAnnotation } from "../mount/content-mounts.ts";
import type { PodParts } from "../runtime/pod-parts.ts";
import { gitContainer, gitMountOf, gitVolumes } from "./git-parts.ts";
import type { MountedContent } from "./selection.ts";

/** What the administrator sets for contents. */
export interface ContentSettings {
  /** Image that fetches git contents. */
  gitImage: string;
  /** The claim of the shared file system; undefined when there is none. */
  sharedClaim?: string;
}

/** What a content becomes in a Pod. */
interface ContentParts {
  parts: PodParts;
  /** Volume, and path within it. */
  source: Pick<VolumeMount, "name" | "subPath">;
}

/**
 * What contents add to the Pods of an environment.
 *
 * A content that is mounted twice is one volume, and so is the shared file system: kubelet waits for ever for a
 * claim that a Pod names in two volumes. All that decides what is mounted is part of the Pod: a content that
 * changes changes the revision of the pools that use it.
 */
export function contentParts(mounted: readonly MountedContent[], settings: ContentSettings): PodParts {
  const contents = [...new Map(mounted.map(({ content }) => [content.metadata.uid, content])).values()];
  const built = new Map(
    contents.map((content, index) => [content.metadata.uid, partsOf(content, `content-${index}`, settings)]),
  );
  const volumes = [...built.values()].flatMap(({ parts }) => parts.volumes ?? []);
  return {
    volumes: [...new Map(volumes.map((volume) => [volume.name, volume])).values()],
    initContainers: [...built.values()].flatMap(({ parts }) => parts.initContainers ?? []),
    volumeMounts: mounted.flatMap(({ content, mount, readOnly }) => {
      const source = built.get(content.metadata.uid)?.source;
      return source ? [{ ...source, mountPath: mount, ...(readOnly && { readOnly }) }] : [];
    }),
    annotations: contentsAnnotation(mounted),
  };
}

function partsOf(content: RuntimeContent, name: string, settings: ContentSettings): ContentParts {
  const { type } = content.spec;
  switch (type) {
    case "git":
      return {
        parts: {
          volumes: gitVolumes(content, name),
          initContainers: [gitContainer(content, name, settings.gitImage)],
        },
        source: gitMountOf(content, name),
      };
    case "nfs":
      return {
        parts: { volumes: [claimVolume("shared-fs", settings.sharedClaim)] },
        source: { name: "shared-fs", subPath: content.spec.subPath },
      };
    case "s3":
      // The folder of the bucket is the Dataset's matter.
      return { parts: { volumes: [claimVolume(name, content.status?.claimName)] }, source: { name } };
  }
}

/** @throws Error without a claim: such a content is never Ready, and only those that are become parts of a Pod. */
function claimVolume(name: string, claimName: string | undefined): Volume {
  if (claimName === undefined) throw new Error(`volume ${name} has no claim`);
  return { name, persistentVolumeClaim: { claimName } };
}
