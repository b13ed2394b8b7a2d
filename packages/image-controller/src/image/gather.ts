import type { Image } from "@datalayer/shared/crds/image";
import type { ConfigMap, Job, Pod } from "@datalayer/shared/kube/kinds";
import { keyOf, type ObjectRef } from "@datalayer/shared/kube/object";
import type { Clock } from "@datalayer/shared/clock/clock";
import { type Build, isHeldUp, parseBuild } from "../build/build.ts";
import { nextBuilds, type StartedBuild, type WaitingBuild } from "../build/fair-queue.ts";
import type { Slots } from "../build/slots.ts";
import { index } from "../caches.ts";
import type { Holding } from "../published/holding.ts";
import type { Look } from "../resolve/looks.ts";
import { type RepositoryName, repositoryText } from "../registry/reference.ts";
import { FaultError } from "./fault.ts";
import { label } from "./names.ts";
import type { ImageObservation } from "./observation.ts";
import { tagOfTemplate } from "./tag-template.ts";
import { type Target, tagConflict, type TargetPolicy, targetOf } from "./target.ts";
import { triggerOf } from "./trigger.ts";

/** A cache, as far as it is read here. */
interface Reader<T> {
  list(): T[];
  byIndex(name: string, value: string): T[];
}

/** What is read to decide about an Image. */
export interface ImageSources {
  images: Reader<Image>;
  jobs: Reader<Job>;
  pods: Reader<Pod>;
  inputs: Reader<ConfigMap>;
  slots: Slots;
  clock: Clock;
  policy: TargetPolicy;
  /** How many builds run at once. */
  maxBuilds: number;
}

/** What is known of an Image: of the cluster from caches, and what was found outside of it. */
export function gather(
  image: Image,
  { look, holding }: { look: Look; holding: Holding | undefined },
  sources: ImageSources,
): ImageObservation {
  const trigger = triggerOf(image, look.resolved);
  return {
    image,
    look,
    conflict: look.target && conflictOf(image, look, look.target, sources),
    builds: buildsOf(image, sources),
    inputs: sources.inputs
      .byIndex(index.image, image.metadata.uid)
      .map(({ metadata: { name, uid } }) => ({ name, uid })),
    holding,
    trigger,
    isNext: isNext(image, { look, trigger }, sources),
  };
}

/** The Jobs of an Image, the newest first. */
export function buildsOf(
  { metadata: { uid } }: Image,
  { jobs, pods }: Pick<ImageSources, "jobs" | "pods">,
): Build[] {
  const ofImage = pods.byIndex(index.image, uid);
  return jobs
    .byIndex(index.image, uid)
    .flatMap((job) => parseBuild(job, ownPods(job, ofImage)) ?? [])
    .sort((a, b) =>
      a.createdAt === b.createdAt ? b.attempt - a.attempt : a.createdAt < b.createdAt ? 1 : -1,
    );
}

/** The Images whose builds may begin now, by `namespace/name`. */
export function nextImages(
  sources: ImageSources,
  asking?: { image: Image; waiting: WaitingBuild },
): string[] {
  const own = asking && keyOf(asking.image.metadata);
  const others = sources.images
    .list()
    .flatMap((image) => waitingOf(image, sources) ?? [])
    .filter(({ key }) => key !== own && !sources.slots.isRefused(key));
  const waiting = asking ? [...others, asking.waiting] : others;
  const started = [
    ...sources.jobs.list().flatMap((job) => startedOf(job, sources) ?? []),
    ...sources.slots.beside(own ?? ""),
  ];
  return nextBuilds(waiting, started, sources.maxBuilds);
}

/** The Images in the same repository. */
export function neighboursOf(
  image: Image,
  { images, policy }: Pick<ImageSources, "images" | "policy">,
): ObjectRef[] {
  const repository = targetIfAny(image, policy)?.repository;
  if (!repository) return [];
  return images.list().flatMap((other) => {
    const target = targetIfAny(other, policy);
    const isSame =
      target?.repository.host === repository.host && target.repository.repository === repository.repository;
    return isSame && other.metadata.uid !== image.metadata.uid ? [other.metadata] : [];
  });
}

function isNext(
  image: Image,
  { look, trigger }: Pick<ImageObservation, "look" | "trigger">,
  sources: ImageSources,
): boolean {
  const { target, resolved } = look;
  if (!target || !resolved) return false;
  const { hash } = resolved.inputs;
  const { namespace = "" } = image.metadata;
  const { build } = image.status ?? {};
  // What has never waited comes after all that do.
  const queuedAt = (build?.inputsHash === hash ? build.queuedAt : undefined) ?? "9999";
  const key = keyOf(image.metadata);
  const product = productOf(hash, target.repository);
  return nextImages(sources, { image, waiting: { key, namespace, product, trigger, queuedAt } }).includes(
    key,
  );
}

/** What a build makes. */
export function productOf(hash: string, repository: RepositoryName): string {
  return `${repositoryText(repository)}@${hash}`;
}

function waitingOf(image: Image, { policy }: ImageSources): WaitingBuild | undefined {
  const { metadata, status } = image;
  if (status?.phase !== "Queued" || metadata.deletionTimestamp !== undefined) return undefined;
  const { inputsHash, trigger = "Operator", queuedAt = "" } = status.build ?? {};
  const target = targetIfAny(image, policy);
  if (inputsHash === undefined || !target) return undefined;
  const { namespace = "" } = metadata;
  const product = productOf(inputsHash, target.repository);
  return { key: keyOf(metadata), namespace, product, trigger, queuedAt };
}

function startedOf(job: Job, { pods, clock }: ImageSources): StartedBuild | undefined {
  const ofImage = pods.byIndex(index.image, job.metadata.labels?.[label.image] ?? "");
  const build = parseBuild(job, ownPods(job, ofImage));
  if (!build) return undefined;
  const { namespace, hash, repository, createdAt, state } = build;
  const isRunning = state.kind === "running";
  const takesPlace = isRunning && !isHeldUp(build, clock.now());
  return { namespace, product: productOf(hash, repository), createdAt, isRunning, takesPlace };
}

function ownPods({ metadata: { uid } }: Job, pods: readonly Pod[]): Pod[] {
  return pods.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid));
}

function conflictOf(image: Image, { resolved }: Look, target: Target, { images, policy }: ImageSources) {
  const { tags } = target;
  const ofTemplate =
    resolved && tagOfTemplate(image, { hash: resolved.inputs.hash, revision: resolved.revision });
  const wanted = ofTemplate === undefined ? target : { ...target, tags: [...tags, ofTemplate] };
  const others = images.list().flatMap((other) => {
    const { uid, deletionTimestamp } = other.metadata;
    if (uid === image.metadata.uid || deletionTimestamp !== undefined) return [];
    const found = targetIfAny(other, policy);
    if (!found) return [];
    // What its template gives it is known once it has it.
    const given = other.spec.output?.tagTemplate === undefined ? [] : (other.status?.tags ?? []);
    return [{ image: other, target: { ...found, tags: [...found.tags, ...given] } }];
  });
  return tagConflict(image, wanted, others);
}

function targetIfAny(image: Image, policy: TargetPolicy): Target | undefined {
  try {
    return targetOf(image, policy);
  } catch (error) {
    if (error instanceof FaultError) return undefined;
    throw error;
  }
}
