import type { Clock } from "@datalayer/shared/clock/clock";
import { Image } from "@datalayer/shared/crds/image";
import { InformerSet } from "@datalayer/shared/kube/informer-set";
import { ConfigMap, Job, Pod } from "@datalayer/shared/kube/kinds";
import type { InformerMetrics } from "@datalayer/shared/kube/metrics";
import type { KubeObject } from "@datalayer/shared/kube/object";
import type { RestClient } from "@datalayer/shared/kube/rest";
import type { Logger } from "@datalayer/shared/log/logger";
import { buildApp, component, label } from "./image/names.ts";

/** What every replica keeps in memory. */
export interface Caches {
  images: InformerSet<Image>;
  /** Jobs that build, and their Pods. */
  jobs: InformerSet<Job>;
  pods: InformerSet<Pod>;
  /** What these Jobs read, without its content. */
  inputs: InformerSet<ConfigMap>;
}

/** Indexes of {@link Caches}. */
export const index = { uid: "uid", image: "image-uid" } as const;

const byImage = {
  [index.image]: ({ metadata }: KubeObject): string[] => [metadata.labels?.[label.image] ?? []].flat(),
};

/** Makes the caches; nothing is read before they are started. */
export function createCaches(options: {
  client: RestClient;
  namespaces: readonly string[];
  clock: Clock;
  log: Logger;
  metrics: InformerMetrics;
}): Caches {
  const selectorOf = (role: string): string => `${label.app}=${buildApp},${label.component}=${role}`;
  const builds = { ...options, labelSelector: selectorOf(component.build), indexes: byImage };
  return {
    images: new InformerSet({
      ...options,
      kind: Image,
      indexes: { [index.uid]: ({ metadata }) => [metadata.uid] },
    }),
    jobs: new InformerSet({ ...builds, kind: Job, trim: trimJob }),
    pods: new InformerSet({ ...builds, kind: Pod, trim: trimPod }),
    inputs: new InformerSet({
      ...builds,
      labelSelector: selectorOf(component.inputs),
      kind: ConfigMap,
      trim: trimInputs,
    }),
  };
}

/** The Pod template is by far the largest part. */
function trimJob(job: Job): void {
  delete job.spec;
}

function trimPod(pod: Pod): void {
  delete pod.spec;
}

function trimInputs(inputs: ConfigMap): void {
  delete inputs.data;
}
