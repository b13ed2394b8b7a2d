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
    Pick<ImageReconcilerOptions, "looks" | "engine" | "engineSettings" | "retention">,
    Pick<ImageSources, "policy" | "maxBuilds"> {
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
  const { images, jobs, pods, inputs, looks, registries, metrics } = options;
  const sources = { ...options, slots: new Slots() };
  const wake = (): void => {
    for (const key of nextImages(sources)) images_.enqueue(refOf(key));
  };
  const reconciler = new ImageReconciler({
    ...options,
    holdings: new Holdings(registries, sources),
    sources,
    onReport: (image, { status }) => metrics.reported(image.status, status),
    onFreePlace: wake,
  });
  const keys = (made: KubeObject): string[] => {
    const uid = made.metadata.labels?.[label.image];
    return uid === undefined ? [] : images.byIndex(index.uid, uid).map(({ metadata }) => keyOf(metadata));
  };
  const images_ = controller({
    name: "image",
    for: Image,
    informer: images,
    workers,
    deadlineMs,
    finalizer,
    watches: [
      { informer: jobs, keys },
      { informer: pods, keys },
      { informer: inputs, keys: () => [] },
    ],
    reconcile: (image, context) => reconciler.reconcile(image, context),
    cleanup: (image, context) => reconciler.end(image, context),
  });
  const enqueueQueued = (hash: string): void => {
    for (const { metadata, status } of images.list())
      if (status?.phase === "Queued" && status.build?.inputsHash === hash) images_.enqueue(metadata);
  };
  jobs.onChange((change) => {
    const hash = endedHash(change);
    if (hash === undefined) return;
    enqueueQueued(hash);
    wake();
  });
  images.onChange((change) => {
    const { type, object, previous } = change;
    if (type === "deleted") looks.forget(object.metadata.uid);
    if (previous?.status?.phase === "Queued" && object.status?.phase !== "Queued") wake();
    if (!isOfSpec(change)) return;
    const neighbours = [object, ...(previous ? [previous] : [])].flatMap((one) => neighboursOf(one, sources));
    for (const ref of neighbours) images_.enqueue(ref);
  });
  return images_;
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
