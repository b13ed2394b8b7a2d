import type { Dataset } from "@datalayer/shared/crds/dataset";
import type { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import type { ContentSurroundings } from "./content-fault.ts";
import type { BucketAccess } from "./dataset.ts";

/** What is known of a content at one moment. */
export interface ContentObservation extends ContentSurroundings {
  readonly content: RuntimeContent;
  /** Of an s3 content: what its Secret holds. */
  readonly access?: BucketAccess;
  /** A sentence that says that its Secret is missing, or what is missing there. */
  readonly secretFault?: string;
  /** The Datasets that were made for it, under earlier specifications too. */
  readonly datasets: readonly Dataset[];
}
