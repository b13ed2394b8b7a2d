import { type Context, controller, type Controller } from "@datalayer/shared/controller/controller";
import { Dataset } from "@datalayer/shared/crds/dataset";
import { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { Secret } from "@datalayer/shared/kube/kinds";
import { keyOf } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { contentOfUid, otherContentsOfUid } from "./content-index.ts";
import { buildDatasetKeys, contentLabel, parseBucketAccess } from "./dataset.ts";
import type { ContentObservation } from "./observation.ts";
import { type ContentPlan, hasSecret, planContent } from "./plan.ts";
import { reportContent } from "./report.ts";

/** What the content controller reads. */
export interface RuntimeContentOptions {
  /** With `contentIndexes`. */
  contents: ObjectReader<RuntimeContent>;
  datasets: ObjectReader<Dataset>;
  /** The claim of the shared file system; undefined when there is none. */
  sharedClaim?: string;
}

/**
 * Says of every content whether runtimes can mount it, and has Datashim provide those in s3. What it makes belongs
 * to the content and goes with it, so that contents need no finalizer.
 */
export function runtimeContentController(options: RuntimeContentOptions): Controller {
  const { contents, datasets } = options;
  return controller({
    name: "runtime-content",
    for: RuntimeContent,
    informer: contents,
    watches: [
      {
        informer: contents,
        keys: (content) => otherContentsOfUid(contents, content).map(({ metadata }) => keyOf(metadata)),
      },
      { informer: datasets, keys: contentsOfDataset },
    ],
    reconcile: async (content, { kube }) => {
      const observed = await gather(content, options, kube);
      const plan = planContent(observed);
      const dataset = await carryOut(plan, options, kube);
      return reportContent(plan, dataset);
    },
  });
}

async function gather(
  content: RuntimeContent,
  { contents, datasets, sharedClaim }: RuntimeContentOptions,
  kube: Context["kube"],
): Promise<ContentObservation> {
  const { namespace } = content.metadata;
  const { uid } = content.spec;
  return {
    content,
    sharedClaim,
    ofSameUid: uid === undefined ? undefined : contentOfUid(contents, namespace, uid),
    datasets: datasets.list(namespace).filter((dataset) => isOf(content, dataset)),
    ...(hasSecret(content) && (await readSecret(content, kube))),
  };
}

/** Read each time: the Secrets of a namespace hold more than a cache should. */
async function readSecret(
  content: RuntimeContent,
  kube: RestClient,
): Promise<Pick<ContentObservation, "access" | "secretFault">> {
  const { namespace } = content.metadata;
  const { type, secret: name = "" } = content.spec;
  try {
    const secret = await kube.get(Secret, { namespace, name });
    if (type !== "s3") return {};
    const access = parseBucketAccess(content, secret);
    return typeof access === "string" ? { secretFault: access } : { access };
  } catch (error) {
    if (!(error instanceof ApiError && error.isNotFound)) throw error;
    return { secretFault: `spec.secret: there is no Secret "${name}" in namespace ${namespace ?? ""}.` };
  }
}

/** The Dataset first: without Datashim no copy of the keys is left behind. */
async function carryOut(
  plan: ContentPlan,
  { datasets }: RuntimeContentOptions,
  kube: RestClient,
): Promise<Dataset | undefined> {
  for (const { metadata } of plan.remove) {
    await kube.delete(Dataset, metadata, { uid: metadata.uid }).catch(unless("isNotFound"));
    datasets.recordDelete(metadata, metadata.uid);
  }
  if (!plan.dataset) return undefined;
  const { desired, access, existing } = plan.dataset;
  const dataset = existing ?? (await createDataset(desired, kube));
  if (!dataset) return undefined;
  if (!existing) datasets.recordWrite(dataset);
  // Once it is provided, Datashim has read them.
  if (dataset.status?.provision?.status !== "OK")
    await kube.create(Secret, buildDatasetKeys(dataset, access)).catch(unless("isAlreadyExists"));
  return dataset;
}

/** Undefined where the kind is not served. */
async function createDataset(
  desired: NonNullable<ContentPlan["dataset"]>["desired"],
  kube: RestClient,
): Promise<Dataset | undefined> {
  try {
    return await kube.create(Dataset, desired);
  } catch (error) {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    throw error;
  }
}

function unless(expected: "isNotFound" | "isAlreadyExists"): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof ApiError && error[expected])) throw error;
  };
}

function isOf({ metadata }: RuntimeContent, dataset: Dataset): boolean {
  return dataset.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) === true;
}

function contentsOfDataset({ metadata: { namespace, annotations } }: Dataset): string[] {
  const name = annotations?.[contentLabel];
  return name === undefined ? [] : [keyOf({ namespace, name })];
}
