import { randomUUID } from "node:crypto";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { type JsonPatchOperation, pointer } from "@datalayer/shared/kube/json-patch";
import { Pod } from "@datalayer/shared/kube/kinds";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { namespace } from "./bench-cluster.ts";

const rawApp = "bench-raw";
const prefix = "runtime-pools.datalayer.io";
const startWithinMs = 120_000;

/**
 * Pods like those of a pool, which no controller looks at, and the patch that a claim would make on them: what
 * the API server takes for it is the least that any claim can take.
 */
export class RawPods {
  readonly #pods: Pod[];
  readonly #admin: RestClient;
  readonly #patcher: RestClient;
  #next = 0;

  private constructor(pods: Pod[], clients: { admin: RestClient; patcher: RestClient }) {
    this.#pods = pods;
    this.#admin = clients.admin;
    this.#patcher = clients.patcher;
  }

  /**
   * Creates `count` Pods after the model of a warm one and waits until they run.
   * @param clients - `patcher` sends what is timed, `admin` the rest.
   */
  static async create(
    count: number,
    model: Pod,
    clients: { admin: RestClient; patcher: RestClient },
  ): Promise<RawPods> {
    const { admin } = clients;
    const names = Array.from({ length: count }, (_, index) => `raw-${randomUUID().slice(0, 8)}-${index}`);
    await eachOf(names, 16, (name) => admin.create(Pod, likeness(model, name)));
    const running = async (): Promise<Pod[] | undefined> => {
      const { items } = await admin.list(Pod, { namespace, labelSelector: `app=${rawApp}` });
      const ready = items.filter(({ metadata, status }) => names.includes(metadata.name) && status?.podIP);
      return ready.length === count ? ready : undefined;
    };
    const message = `${count} Pods for raw patches`;
    const pods = await eventually(running, { timeoutMs: startWithinMs, intervalMs: 500, message });
    await eachOf(pods, 8, ({ metadata }) => admin.patch(Pod, metadata, [withoutManagers]));
    return new RawPods(pods, clients);
  }

  /** Patches the next Pod as a claim would; answers with the duration in milliseconds. */
  async patch(): Promise<number> {
    const pod = this.#pods[this.#next++ % this.#pods.length]!;
    const operations = claimShapedPatch(pod);
    const startMs = performance.now();
    await this.#patcher.patch(Pod, pod.metadata, operations);
    return performance.now() - startMs;
  }

  /** Makes every patched Pod as it was, so that it can be patched again. */
  async reset(): Promise<void> {
    const patched = this.#pods.slice(0, this.#next);
    await eachOf(patched, 8, (pod) => this.#admin.patch(Pod, pod.metadata, unclaim(pod)));
    this.#next = 0;
  }

  /** Opens this many connections of the patching client. */
  async warmUp(connections: number): Promise<void> {
    const pod = this.#pods[0]!;
    await Promise.all(Array.from({ length: connections }, () => this.#patcher.get(Pod, pod.metadata)));
  }
}

/** What a claim sends: the same tests, and the same number and kind of changes. */
export function claimShapedPatch({ metadata, status }: Pod): JsonPatchOperation[] {
  const restartCount = status?.containerStatuses?.[0]?.restartCount ?? 0;
  return [
    { op: "test", path: "/metadata/uid", value: metadata.uid },
    { op: "test", path: pointer("metadata", "labels", `${prefix}/pod-status`), value: "available" },
    { op: "test", path: "/metadata/deletionTimestamp", value: null },
    { op: "test", path: "/status/phase", value: "Running" },
    { op: "test", path: "/status/podIP", value: status?.podIP },
    { op: "test", path: "/status/containerStatuses/0/restartCount", value: restartCount },
    ...addAll("labels", claimLabels()),
    ...addAll("annotations", claimAnnotations()),
    { op: "test", path: "/metadata/finalizers", value: null },
    { op: "add", path: "/metadata/finalizers", value: ["datalayer.io/usage"] },
    { op: "test", path: "/metadata/ownerReferences/0/uid", value: metadata.ownerReferences?.[0]?.uid },
    { op: "remove", path: "/metadata/ownerReferences/0" },
  ];
}

/** As a warm one has none: it would make the raw patches dearer than claims. */
const withoutManagers: JsonPatchOperation = { op: "add", path: "/metadata/managedFields", value: [{}] };

function unclaim({ metadata }: Pod): JsonPatchOperation[] {
  return [
    { op: "replace", path: "/metadata/labels", value: metadata.labels },
    { op: "replace", path: "/metadata/annotations", value: metadata.annotations },
    { op: "remove", path: "/metadata/finalizers" },
    { op: "add", path: "/metadata/ownerReferences", value: metadata.ownerReferences },
  ];
}

function claimLabels(): Record<string, string> {
  return {
    [`${prefix}/pod-status`]: "assigned",
    [`${prefix}/user-uid`]: "user-1234567890",
    [`${prefix}/kernel-type`]: "notebook",
    [`${prefix}/reservation-id`]: "reservation-1234567890",
    [`${prefix}/claim-key`]: randomUUID().replaceAll("-", "").padEnd(40, "0"),
  };
}

function claimAnnotations(): Record<string, string> {
  return {
    [`${prefix}/claim-id`]: randomUUID(),
    [`${prefix}/body-hash`]: randomUUID().replaceAll("-", "").repeat(2),
    [`${prefix}/given-name`]: "notebook 2026-01-01T00:00",
    [`${prefix}/started-at`]: "1767225600",
    [`${prefix}/burning-rate`]: "0.01",
    "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
    "karpenter.sh/do-not-disrupt": "true",
  };
}

function addAll(map: "labels" | "annotations", values: Record<string, string>): JsonPatchOperation[] {
  return Object.entries(values).map(([name, value]) => ({
    op: "add",
    path: pointer("metadata", map, name),
    value,
  }));
}

function likeness(
  { metadata, spec }: Pod,
  name: string,
): Pick<Pod, "apiVersion" | "kind" | "spec"> & {
  metadata: Pick<Pod["metadata"], "name" | "namespace" | "labels" | "annotations" | "ownerReferences">;
} {
  const { labels, annotations, ownerReferences } = metadata;
  const likeLabels = { ...labels, app: rawApp, "datalayer.io/app": rawApp };
  return {
    apiVersion: Pod.apiVersion,
    kind: Pod.kind,
    metadata: { name, namespace, labels: likeLabels, annotations, ownerReferences },
    spec: { ...spec!, nodeName: undefined },
  };
}

async function eachOf<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const rest = items.values();
  const worker = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
