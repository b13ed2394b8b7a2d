import { imageReason } from "@datalayer/shared/crds/image";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { deleteIfThere } from "@datalayer/shared/kube/delete-if-there";
import { ConfigMap, Job } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RestClient } from "@datalayer/shared/kube/rest";
import type { BuildObjects } from "../engines/engine.ts";
import { type Fault, FaultError, lasting, passing } from "./fault.ts";
import { annotation, label } from "./names.ts";
import type { ImagePlan } from "./plan.ts";

/** With what a plan is carried out. */
export interface Hands {
  kube: RestClient;
  jobs: Pick<ObjectReader<Job>, "recordWrite" | "recordDelete">;
  inputs: Pick<ObjectReader<ConfigMap>, "recordWrite" | "recordDelete">;
}

/** Removes what a plan says: the Jobs with their Pods, and what only they read. */
export async function removeBuilds(
  namespace: string | undefined,
  { removed, removedInputs }: Pick<ImagePlan, "removed" | "removedInputs">,
  { kube, inputs }: Pick<Hands, "kube" | "inputs">,
): Promise<void> {
  for (const { build } of removed) {
    const { name, uid } = build;
    // A Job that is deleted leaves its Pods, unless told otherwise; it is there until they are gone.
    await deleteIfThere(kube, Job, { namespace, name, uid }, { propagationPolicy: "Foreground" });
  }
  for (const { name, uid } of removedInputs) {
    await deleteIfThere(kube, ConfigMap, { namespace, name, uid });
    inputs.recordDelete({ namespace, name }, uid);
  }
}

/**
 * Creates what a build consists of, or takes over what an attempt that was interrupted has left.
 * @returns why it is not there, when the cluster refuses it.
 */
export async function createBuild(
  { inputs, job }: BuildObjects,
  { kube, ...caches }: Hands,
): Promise<Fault | undefined> {
  try {
    caches.inputs.recordWrite(await createInputs(inputs, kube));
    caches.jobs.recordWrite(await createJob(job, kube));
    return undefined;
  } catch (error) {
    const fault = refusalOf(error);
    if (!fault) throw error;
    return fault;
  }
}

async function createInputs(manifest: Manifest<ConfigMap>, kube: RestClient): Promise<ConfigMap> {
  const made = await createdOrThere(() => kube.create(ConfigMap, manifest));
  if (made) return made;
  const there = await kube.get(ConfigMap, manifest.metadata);
  if (!isOfImage(manifest, there)) throw nameTaken("ConfigMap", manifest.metadata.name);
  if (JSON.stringify(there.data) === JSON.stringify(manifest.data)) return there;
  // The settings have changed since: it cannot be changed, and nothing reads it yet.
  await deleteIfThere(kube, ConfigMap, there.metadata);
  return kube.create(ConfigMap, manifest);
}

async function createJob(manifest: Manifest<Job>, kube: RestClient): Promise<Job> {
  const made = await createdOrThere(() => kube.create(Job, manifest));
  if (made) return made;
  const there = await kube.get(Job, manifest.metadata);
  const isSame = (name: string): boolean =>
    there.metadata.annotations?.[name] === manifest.metadata.annotations?.[name];
  if (isOfImage(manifest, there) && isSame(annotation.inputsHash)) return there;
  throw nameTaken("Job", manifest.metadata.name);
}

/** Undefined when an object of that name is there already, perhaps by our own doing before a crash. */
async function createdOrThere<T>(create: () => Promise<T>): Promise<T | undefined> {
  try {
    return await create();
  } catch (error) {
    if (error instanceof ApiError && error.isAlreadyExists) return undefined;
    throw error;
  }
}

function nameTaken(kind: string, name: string): FaultError {
  const message = `The ${kind} "${name}" is there already, and was not made for this Image.`;
  return lasting(imageReason.jobRefused, message);
}

function isOfImage(
  { metadata: { labels } }: Manifest<Job> | Manifest<ConfigMap>,
  there: Job | ConfigMap,
): boolean {
  return there.metadata.labels?.[label.image] === labels?.[label.image];
}

/** What the cluster refuses is said of the Image; all else is tried again. */
function refusalOf(error: unknown): Fault | undefined {
  if (error instanceof FaultError) return error.fault;
  if (!(error instanceof ApiError)) return undefined;
  if (error.isForbidden) return passing(imageReason.jobRefused, `${error.message}.`).fault;
  return error.isInvalid ? lasting(imageReason.jobRefused, `${error.message}.`).fault : undefined;
}
