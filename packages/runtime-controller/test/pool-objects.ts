import type { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import type { Pod } from "@datalayer/shared/kube/kinds";
import type { ObjectMeta } from "@datalayer/shared/kube/object";
import { podNameOf, runtimeApp } from "@datalayer/shared/runtime/names";
import { annotation, jupyterContainer, label } from "../src/runtime/names.ts";
import { parseRuntime, type Runtime } from "../src/runtime/runtime.ts";
import type { RuntimeState } from "../src/runtime/state.ts";
import type { PoolObservation } from "../src/runtime-pool/observation.ts";
import type { TemplateFault } from "../src/runtime-pool/template.ts";

/** When every object of these builders was created. */
export const createdAt = "2026-01-01T00:00:00Z";

const namespace = "datalayer-runtimes";
const metadataOf = (name: string): ObjectMeta => ({
  name,
  namespace,
  uid: `uid-of-${name}`,
  resourceVersion: "1",
  generation: 1,
  creationTimestamp: createdAt,
});

/** A pool of three as the API server stores it. */
export function storedPool(
  spec: Partial<RuntimePool["spec"]> = {},
  rest: { name?: string; generation?: number; status?: RuntimePool["status"] } = {},
): RuntimePool {
  const { name = "python-simple-pool", generation = 1, status } = rest;
  return {
    apiVersion: "datalayer.io/v1",
    kind: "RuntimePool",
    metadata: { ...metadataOf(name), generation },
    spec: { environment: "python-simple-env", size: 3, burningRate: 0.01, ...spec },
    ...(status && { status }),
  };
}

/** An environment with the fields that it must have. */
export function storedEnvironment(spec: Partial<RuntimeEnvironment["spec"]> = {}): RuntimeEnvironment {
  return {
    apiVersion: "datalayer.io/v1",
    kind: "RuntimeEnvironment",
    metadata: metadataOf("python-simple-env"),
    spec: {
      title: "Simple Python",
      language: "python",
      dockerImage: "${DATALAYER_DOCKER_REGISTRY}/datalayer/jupyter-python:0.0.8",
      resourcesRanges: { default: { limits: { cpu: "500m", memory: "512Mi" } } },
      ...spec,
    },
  };
}

/** What a runtime Pod of {@link runtimePod} is like; all optional. */
export interface RuntimeTraits {
  state?: RuntimeState;
  /** Running, Ready, with an address. Default: when it is not pending. */
  ready?: boolean;
  revision?: string;
  /** Age in seconds, counted back from {@link createdAt}. */
  ageSeconds?: number;
  node?: string;
  terminating?: boolean;
  /** It failed for good, as after an eviction. */
  ended?: boolean;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  status?: Pod["status"];
}

/** A runtime Pod as the API server stores it; `id` is its ulid. */
export function runtimePod(id: string, traits: RuntimeTraits = {}): Pod {
  const { state = "available", revision = "current", ageSeconds = 0, node = "node-a" } = traits;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...metadataOf(podNameOf(id)),
      creationTimestamp: new Date(Date.parse(createdAt) - ageSeconds * 1000).toISOString(),
      ...(traits.terminating && { deletionTimestamp: createdAt }),
      labels: {
        [label.app]: runtimeApp,
        [label.pool]: "python-simple-pool",
        [label.state]: state,
        [label.revision]: revision,
        ...traits.labels,
      },
      annotations: {
        [annotation.pool]: "python-simple-pool",
        [annotation.environment]: "python-simple-env",
        [annotation.tokenKeyId]: "key-1",
        ...traits.annotations,
      },
    },
    spec: { nodeName: node, containers: [] },
    status: traits.status ?? statusOf(traits),
  };
}

/** {@link runtimePod}, parsed. */
export function runtime(id: string, traits: RuntimeTraits = {}): Runtime {
  return parseRuntime(runtimePod(id, traits))!;
}

/** What tests say of an observation beside its runtimes; all optional. */
export type KnownOfPool = Partial<Omit<PoolObservation, "runtimes" | "template" | "fault">> & {
  /** Revision of new Pods. Default: `current`. */
  revision?: string;
  /** Why there is no template for new Pods. */
  fault?: TemplateFault;
};

/** What is known of a pool of three with these runtimes. */
export function observation(
  runtimes: readonly Runtime[],
  { revision = "current", fault, ...rest }: KnownOfPool = {},
): PoolObservation {
  const pool = rest.pool ?? storedPool();
  const environment = storedEnvironment();
  const settings = { serviceAccount: "datalayer-runtimes-sa", imagePullSecrets: [] };
  return {
    ...(fault ? { fault } : { template: { pool, environment, image: "jupyter:1", settings, revision } }),
    pool,
    leavingNodes: new Set(),
    emptyingNodes: new Set(),
    silentNodes: new Set(),
    keyless: new Set(),
    maxLifeMs: Infinity,
    backoffMs: 0,
    ...rest,
    runtimes,
  };
}

/** The fault of a pool whose environment waits for its image to be built. */
export const noImage: TemplateFault = {
  reason: "ImageNotReady",
  message: "It has not been built yet.",
  isPassing: true,
};

/** The fault of a pool whose environment is not there. */
export const noEnvironment: TemplateFault = { reason: "EnvironmentNotFound", message: "There is none." };

function statusOf({ state = "available", ready = state !== "pending", ended }: RuntimeTraits): Pod["status"] {
  if (ended) return { phase: "Failed", reason: "Evicted" };
  if (!ready) return { phase: "Pending" };
  return {
    phase: "Running",
    podIP: "10.0.0.1",
    conditions: [{ type: "Ready", status: "True" }],
    containerStatuses: [
      {
        name: jupyterContainer,
        image: "i",
        imageID: "i",
        ready: true,
        restartCount: 0,
        state: { running: {} },
      },
    ],
  };
}
