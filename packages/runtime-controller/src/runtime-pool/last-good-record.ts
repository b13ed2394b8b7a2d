import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { RuntimePool as RuntimePoolKind } from "@datalayer/shared/crds/runtime-pool";
import { ControllerRevision, type Pod } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import { runtimeApp } from "@datalayer/shared/runtime/names";
import { labelValueOf } from "../runtime/label-value.ts";
import { annotation, label } from "../runtime/names.ts";
import { buildWarmPod, type RuntimeTemplate } from "../runtime/pod-builder.ts";

/**
 * The ULID of the recorded Pod. A Pod of the record has its own in every place of this one: its name, its URL, the
 * names of its Secrets.
 */
const placeholder = "0".repeat(26);

/** Name of the record of a pool. */
export function recordNameOf({ metadata }: RuntimePool): string {
  return `runtime-pool-${labelValueOf(metadata.name)}`;
}

/**
 * The record of what Pods of a pool are made of. It is the whole Pod and not what that was built from: the builder
 * may change with the next release of the operator, the last good revision may not.
 */
export function buildRecord(
  template: RuntimeTemplate & { revision: string },
  revisionNumber: number,
): Manifest<ControllerRevision> {
  const { pool, revision } = template;
  const { name, namespace, uid } = pool.metadata;
  const { apiVersion, kind } = RuntimePoolKind;
  return {
    apiVersion: ControllerRevision.apiVersion,
    kind: ControllerRevision.kind,
    metadata: {
      name: recordNameOf(pool),
      namespace,
      labels: { [label.app]: runtimeApp, [label.pool]: labelValueOf(name), [label.revision]: revision },
      annotations: { [annotation.pool]: name },
      ownerReferences: [{ apiVersion, kind, name, uid, controller: true }],
    },
    revision: revisionNumber,
    data: buildWarmPod(template, { ulid: placeholder, tokenKeyId: "", revision }),
  };
}

/** The revision that a record keeps for a pool; undefined when it is that of an earlier pool of the same name. */
export function recordedRevisionOf(
  record: ControllerRevision | undefined,
  pool: RuntimePool,
): string | undefined {
  const isOwn = record?.metadata.ownerReferences?.some(({ uid }) => uid === pool.metadata.uid);
  return isOwn ? record?.metadata.labels?.[label.revision] : undefined;
}

/** A new warm runtime as the record keeps it, in state `pending`. */
export function podOfRecord(
  record: ControllerRevision,
  { ulid, tokenKeyId }: { ulid: string; tokenKeyId: string },
): Manifest<Pod> {
  const pod = JSON.parse(JSON.stringify(record.data).replaceAll(placeholder, ulid)) as Manifest<Pod>;
  const annotations = { ...pod.metadata.annotations, [annotation.tokenKeyId]: tokenKeyId };
  return { ...pod, metadata: { ...pod.metadata, annotations } };
}
