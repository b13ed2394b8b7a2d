import type { Dataset } from "@datalayer/shared/crds/dataset";
import type { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import type { Manifest } from "@datalayer/shared/kube/object";
import { type ContentFault, contentFaultOf } from "./content-fault.ts";
import { type BucketAccess, buildDataset } from "./dataset.ts";
import type { ContentObservation } from "./observation.ts";

/** How to get a content mounted. */
export interface ContentPlan {
  /** What somebody must change first. */
  readonly fault?: ContentFault;
  /** What its Secret lacks; it is read again. */
  readonly secretFault?: string;
  /** It names a Secret, which may go or change. */
  readonly hasSecret?: boolean;
  /** The Dataset that an s3 content should have, and the one that is there. */
  readonly dataset?: { desired: Manifest<Dataset>; access: BucketAccess; existing?: Dataset };
  /** Whether Datasets of earlier specifications wait until status names the one that takes their place. */
  readonly isReplacing?: boolean;
  /** Datasets of earlier specifications that nothing new is mounted from. */
  readonly remove: readonly Dataset[];
}

/** Whether the content names a Secret; a folder of the shared file system needs none. */
export function hasSecret({ spec }: RuntimeContent): boolean {
  return spec.type !== "nfs" && spec.secret !== undefined;
}

/** Decides what a content needs outside its own object: only s3 contents need something. */
export function planContent(observed: ContentObservation): ContentPlan {
  const { content, access, secretFault, datasets } = observed;
  const fault = contentFaultOf(content, observed);
  if (fault) return { fault, remove: [] };
  if (secretFault !== undefined) return { secretFault, remove: [] };
  if (!access) return { hasSecret: hasSecret(content), remove: datasets };
  const desired = buildDataset(content, access);
  const existing = datasets.find(({ metadata }) => metadata.name === desired.metadata.name);
  // Pods are created with the claim that status names: the one before goes when status names the new one.
  const isNamed = content.status?.claimName === desired.metadata.name;
  const stale = datasets.filter((dataset) => dataset !== existing);
  return {
    dataset: { desired, access, existing },
    isReplacing: !isNamed && stale.length > 0,
    remove: isNamed ? stale : [],
  };
}
