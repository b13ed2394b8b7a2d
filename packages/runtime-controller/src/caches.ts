import type { Clock } from "@datalayer/shared/clock/clock";
import { Image } from "@datalayer/shared/crds/image";
import { Dataset } from "@datalayer/shared/crds/dataset";
import { Route } from "@datalayer/shared/crds/route";
import { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { Informer } from "@datalayer/shared/kube/informer";
import { InformerSet } from "@datalayer/shared/kube/informer-set";
import {
  ConfigMap,
  ControllerRevision,
  Node,
  PersistentVolumeClaim,
  Pod,
} from "@datalayer/shared/kube/kinds";
import type { InformerMetrics } from "@datalayer/shared/kube/metrics";
import type { RestClient } from "@datalayer/shared/kube/rest";
import type { Logger } from "@datalayer/shared/log/logger";
import { runtimeApp } from "@datalayer/shared/runtime/names";
import { contentIndexes } from "./runtime-content/content-index.ts";
import { contentLabel } from "./runtime-content/dataset.ts";
import { scalingLabel } from "./node-scaling/store.ts";
import { label } from "./runtime/names.ts";
import { trimPod } from "./runtime/trim-pod.ts";
import { poolIndexes } from "./runtime-environment/pools-using.ts";
import { segmentLabel } from "./end-of-life/usage-segments.ts";
import { runtimeIndexes } from "./runtime/runtimes.ts";
import { homeIndexes } from "./pause/homes.ts";
import { volumeIndexes } from "./volume/volumes.ts";

/** What every replica keeps in memory. */
export interface Caches {
  pods: InformerSet<Pod>;
  pools: InformerSet<RuntimePool>;
  environments: InformerSet<RuntimeEnvironment>;
  /** Those that environments may name; none while no image-controller is installed. */
  images: Informer<Image>;
  contents: InformerSet<RuntimeContent>;
  /** Those that were made for s3 contents; empty where Datashim is not installed. */
  datasets: InformerSet<Dataset>;
  /** Those that lead to runtimes; empty where no route-controller is installed. */
  routes: InformerSet<Route>;
  nodes: Informer<Node>;
  /** The volumes of users and the homes of runtimes. */
  volumeClaims: InformerSet<PersistentVolumeClaim>;
  /** What ended runtimes used. */
  usage: Informer<ConfigMap>;
  /** What node scaling remembers. */
  scaling: Informer<ConfigMap>;
  /** The records of the last good revisions of pools. */
  records: InformerSet<ControllerRevision>;
}

/** Makes the caches; nothing is read before they are started. */
export function createCaches(options: {
  client: RestClient;
  namespaces: readonly string[];
  imagesNamespace: string;
  /** The namespace of the operator itself. */
  podNamespace: string;
  clock: Clock;
  log: Logger;
  metrics: InformerMetrics;
}): Caches {
  const { namespaces, imagesNamespace, podNamespace, ...common } = options;
  return {
    pods: new InformerSet({
      ...common,
      namespaces,
      kind: Pod,
      labelSelector: `${label.app}=${runtimeApp}`,
      indexes: runtimeIndexes,
      trim: trimPod,
    }),
    pools: new InformerSet({ ...common, namespaces, kind: RuntimePool, indexes: poolIndexes }),
    environments: new InformerSet({ ...common, namespaces, kind: RuntimeEnvironment }),
    images: new Informer({ ...common, kind: Image, namespace: imagesNamespace, optional: true }),
    contents: new InformerSet({ ...common, namespaces, kind: RuntimeContent, indexes: contentIndexes }),
    datasets: new InformerSet({
      ...common,
      namespaces,
      kind: Dataset,
      labelSelector: contentLabel,
      optional: true,
    }),
    routes: new InformerSet({
      ...common,
      namespaces,
      kind: Route,
      labelSelector: `${label.app}=${runtimeApp}`,
      optional: true,
    }),
    nodes: new Informer({ ...common, kind: Node }),
    volumeClaims: new InformerSet({
      ...common,
      namespaces,
      kind: PersistentVolumeClaim,
      labelSelector: `${label.app}=${runtimeApp}`,
      indexes: { ...volumeIndexes, ...homeIndexes },
    }),
    usage: new Informer({
      ...common,
      namespace: podNamespace,
      kind: ConfigMap,
      labelSelector: `${segmentLabel.name}=${segmentLabel.value}`,
    }),
    scaling: new Informer({
      ...common,
      namespace: podNamespace,
      kind: ConfigMap,
      labelSelector: `${scalingLabel.name}=${scalingLabel.value}`,
    }),
    records: new InformerSet({
      ...common,
      namespaces,
      kind: ControllerRevision,
      labelSelector: `${label.app}=${runtimeApp}`,
    }),
  };
}
