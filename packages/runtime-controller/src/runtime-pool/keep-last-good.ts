import { ApiError } from "@datalayer/shared/kube/api-error";
import { ControllerRevision } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { buildRecord } from "./last-good-record.ts";
import type { PoolObservation } from "./observation.ts";
import { isNamespaceEnding } from "./refusal.ts";

/** What the record is kept with. */
export interface RecordKeeper {
  kube: RestClient;
  records: ObjectReader<ControllerRevision>;
  /** The record that is there now. */
  record?: ControllerRevision;
}

/**
 * Records the current revision as the last good one. The data of a ControllerRevision never changes, so the old one
 * goes first; should we die in between, the available runtime that proves the revision brings the record back.
 */
export async function keepLastGood(
  { template }: Pick<PoolObservation, "template">,
  { kube, records, record }: RecordKeeper,
): Promise<void> {
  if (!template) return;
  try {
    if (record) {
      const { uid } = record.metadata;
      await kube.delete(ControllerRevision, record.metadata, { uid });
      records.recordDelete(record.metadata, uid);
    }
    const next = buildRecord(template, (record?.revision ?? 0) + 1);
    records.recordWrite(await kube.create(ControllerRevision, next));
  } catch (error) {
    // Somebody else removed or made it; or the namespace ends, and the pool with it. The next reconcile sees to it.
    const isOvertaken = error instanceof ApiError && (error.isNotFound || error.isConflict);
    if (!isOvertaken && !isNamespaceEnding(error)) throw error;
  }
}
