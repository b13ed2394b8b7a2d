import { controller, type Controller } from "@datalayer/shared/controller/controller";
import { Image } from "@datalayer/shared/crds/image";
import type { ConfigMap, Job, Pod } from "@datalayer/shared/kube/kinds";
import { keyOf, type KubeObject, refOf } from "@datalayer/shared/kube/object";
import type { Change } from "@datalayer/shared/kube/object-cache";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { parseBuild } from "../build/build.ts";
import { Slots } from "../build/slots.ts";
import { index } from "../caches.ts";
import type { ImageMetrics } from "../metrics.ts";
import type { Registries } from "../registry/registry.ts";
import { type ImageSources, neighboursOf, nextImages } from "./gather.ts";
import { Holdings } from "./holdings.ts";
import { finalizer, label } from "./names.ts";
import { ImageReconciler, type ImageReconcilerOptions } from "./reconcile.ts";

/** What the Image controller reads and works with. */
export interface ImageControllerOptions
  extends
    Pick<ImageReconcilerOptions, "looks" | "engine" | "engineSettings" | "retention" | "buildSecrets">,
    Pick<ImageSources, "policy" | "maxBuilds" | "clock"> {
  images: ObjectReader<Image>;
  jobs: ObjectReader<Job>;
  pods: ObjectReader<Pod>;
  inputs: ObjectReader<ConfigMap>;
  registries: Registries;
  metrics: ImageMetrics;
}

/** Most of a reconcile is waiting for git and registries. */
const workers = 16;
/** Of one look at a repository, with all that follows. */
const deadlineMs = 180_000;

/** Has every Image built, verified and published, and says how far that is. */
export function imageController(options: ImageControllerOptions): Controller {
  const { images, jobs, pods, registries, metrics } = options;
  const sources = { ...options, slots: new Slots() };
  const reconciler = new ImageReconciler({
    ...options,
    holdings: new Holdings(registries, sources),
    sources,
    onReport: (image, { status }) => metrics.reported(image.status, status),
    onFreePlace: () => wakeNext(self, sources),
  });
  const keys = (made: KubeObject): string[] => {
    const uid = made.metadata.labels?.[label.image];
    return uid === undefined ? [] : images.byIndex(index.uid, uid).map(({ metadata }) => keyOf(metadata));
  };
  const self = controller({
    name: "image",
    for: Image,
    informer: images,
    workers,
    deadlineMs,
    finalizer,
    watches: [
      { informer: jobs, keys },
      { informer: pods, keys },
    ],
    reconcile: (image, context) => reconciler.reconcile(image, context),
    cleanup: (image, context) => reconciler.end(image, context),
  });
  wakeOthers(self, options, sources);
  return self;
}

/** Has Images looked at for which something has changed that is not their own. */
function wakeOthers(
  controller: Controller,
  { images, jobs, looks }: Pick<ImageControllerOptions, "images" | "jobs" | "looks">,
  sources: ImageSources,
): void {
  jobs.onChange((change) => {
    const hash = endedHash(change);
    if (hash === undefined) return;
    // Those that wait for the same inputs find them in the registry now.
    const same = images
      .list()
      .filter(({ status }) => status?.phase === "Queued" && status.build?.inputsHash === hash);
    for (const { metadata } of same) controller.enqueue(metadata);
    wakeNext(controller, sources);
  });
  images.onChange((change) => {
    const { type, object, previous } = change;
    if (type === "deleted") looks.forget(object.metadata.uid);
    if (hasLeftQueue(change)) wakeNext(controller, sources);
    if (!isOfSpec(change)) return;
    // A tag may be free now, or taken.
    const neighbours = [object, ...(previous ? [previous] : [])].flatMap((one) => neighboursOf(one, sources));
    for (const ref of neighbours) controller.enqueue(ref);
  });
}

function wakeNext(controller: Controller, sources: ImageSources): void {
  for (const key of nextImages(sources)) controller.enqueue(refOf(key));
}

function hasLeftQueue({ type, object, previous }: Change<Image>): boolean {
  const wasQueued = (previous ?? object).status?.phase === "Queued";
  return wasQueued && (type === "deleted" || object.status?.phase !== "Queued");
}

/** The inputs of a Job that takes no place any more. */
function endedHash({ type, object, previous }: Change<Job>): string | undefined {
  const build = parseBuild(object, []);
  const was = previous && parseBuild(previous, []);
  const isOver = type === "deleted" || build?.state.kind !== "running";
  return isOver && was?.state.kind !== "succeeded" && was?.state.kind !== "failed" ? build?.hash : undefined;
}

function isOfSpec({ type, object, previous, initial }: Change<Image>): boolean {
  if (initial) return false;
  return (
    type !== "modified" ||
    object.metadata.generation !== previous?.metadata.generation ||
    object.metadata.deletionTimestamp !== previous?.metadata.deletionTimestamp
  );
}
