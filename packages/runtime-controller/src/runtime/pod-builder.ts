import { createHash } from "node:crypto";
import type { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { Pod } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import { basePathOf } from "@datalayer/shared/runtime/base-path";
import { jupyterPort, podNameOf, runtimeApp } from "@datalayer/shared/runtime/names";
import { claimParts } from "../claim-secret/claim-volume.ts";
import { labelValueOf } from "./label-value.ts";
import { literalValueOf } from "@datalayer/shared/kube/literal-value";
import type { Container } from "@datalayer/shared/kube/pod-parts";
import { annotation, jupyterContainer, label } from "./names.ts";
import { nodePlacementOf } from "./node-placement.ts";
import { joinParts, type PodParts } from "./pod-parts.ts";
import { resourcesOf } from "./resources.ts";
import { tokenParts } from "./token-secret.ts";

/** What the administrator sets for every runtime Pod. */
export interface RuntimePodSettings {
  /** ServiceAccount of the Pods, without a mounted token. */
  serviceAccount: string;
  /** Secrets to pull images with. */
  imagePullSecrets: readonly string[];
}

/** All that the Pods of one pool are made of. */
export interface RuntimeTemplate {
  pool: RuntimePool;
  environment: RuntimeEnvironment;
  /** Reference of the environment's image. */
  image: string;
  settings: RuntimePodSettings;
  /** What features add to each of the Pods alike; default: nothing. */
  parts?: readonly PodParts[];
}

/** Jupyter gives its kernels part of this time to save what they hold; see tools/images/jupyter. */
const graceSeconds = 30;
const runAsUser = 1000;
const runAsGroup = 100;

/**
 * Hash of what the Pods of a pool are made of. Pods of another revision are replaced. The key of the token
 * is left out: a rotated key is for new Pods and replaces none.
 */
export function revisionOf(template: RuntimeTemplate): string {
  const { metadata, spec } = buildWarmPod(template, { ulid: "", tokenKeyId: "", revision: "" });
  const text = JSON.stringify([metadata.labels, metadata.annotations, spec]);
  return createHash("sha256").update(text).digest("hex").slice(0, 10);
}

/** The Pod of a new warm runtime, in state `pending`. */
export function buildWarmPod(
  template: RuntimeTemplate,
  identity: { ulid: string; tokenKeyId: string; revision: string },
): Manifest<Pod> {
  const { pool } = template;
  return {
    apiVersion: Pod.apiVersion,
    kind: Pod.kind,
    metadata: {
      name: podNameOf(identity.ulid),
      namespace: pool.metadata.namespace,
      labels: labelsOf(pool, identity.revision),
      annotations: annotationsOf(template, identity.tokenKeyId),
      ownerReferences: [ownedBy(pool)],
    },
    spec: podSpecOf(template, identity.ulid),
  };
}

function podSpecOf(template: RuntimeTemplate, ulid: string): Manifest<Pod>["spec"] {
  const { pool, settings } = template;
  const name = podNameOf(ulid);
  const parts = joinParts([tokenParts(name), claimParts(name), ...(template.parts ?? [])]);
  return {
    serviceAccountName: settings.serviceAccount,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: graceSeconds,
    imagePullSecrets: pullSecretsOf(template),
    securityContext: {
      runAsUser,
      runAsGroup,
      fsGroup: runAsGroup,
      // A shared file system is large: its owners are not set anew for each Pod.
      fsGroupChangePolicy: "OnRootMismatch",
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    },
    runtimeClassName: pool.spec.runtimeClassName,
    priorityClassName: pool.spec.priorityClassName,
    ...nodePlacementOf(pool.spec),
    ...(parts.initContainers.length > 0 && { initContainers: [...parts.initContainers] }),
    containers: [containerOf(template, ulid, parts)],
    volumes: [...parts.volumes],
  };
}

/** Those of the installation, the environment and the pool together: kubelet tries each. */
function pullSecretsOf({ settings, environment, pool }: RuntimeTemplate): { name: string }[] {
  const own = [...(environment.spec.imagePullSecrets ?? []), ...(pool.spec.imagePullSecrets ?? [])];
  const names = new Set([...settings.imagePullSecrets, ...own.map(({ name }) => name)]);
  return [...names].map((name) => ({ name }));
}

function labelsOf(pool: RuntimePool, revision: string): Record<string, string> {
  return {
    [label.app]: runtimeApp,
    [label.datalayerApp]: runtimeApp,
    [label.pool]: labelValueOf(pool.metadata.name),
    [label.state]: "pending",
    [label.revision]: revision,
  };
}

// Never empty: a claim adds single annotations, which the API server refuses on an absent map.
function annotationsOf(
  { pool, environment, parts = [] }: RuntimeTemplate,
  tokenKeyId: string,
): Record<string, string> {
  return {
    ...joinParts(parts).annotations,
    [annotation.pool]: pool.metadata.name,
    [annotation.environment]: environment.metadata.name,
    [annotation.tokenKeyId]: tokenKeyId,
    // Nobody works in it yet, so it keeps no node from being scaled down. A claim turns this round.
    [annotation.safeToEvict]: "true",
  };
}

function ownedBy(pool: RuntimePool): {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller: true;
} {
  const { name, uid } = pool.metadata;
  return { apiVersion: RuntimePool.apiVersion, kind: RuntimePool.kind, name, uid, controller: true };
}

function containerOf(
  { pool, environment, image }: RuntimeTemplate,
  ulid: string,
  parts: Required<PodParts>,
): Container {
  const basePath = basePathOf({ pool: pool.metadata.name, ulid });
  const probe = { httpGet: { path: `${basePath}/api`, port: jupyterPort }, timeoutSeconds: 5 };
  return {
    name: jupyterContainer,
    image,
    ports: [{ name: "jupyter", containerPort: jupyterPort }],
    env: [
      ...variablesOf(environment.spec),
      { name: "DATALAYER_JUPYTER_BASE_URL", value: basePath },
      ...parts.env,
    ],
    resources: resourcesOf(environment.spec, pool.spec),
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    volumeMounts: [...parts.volumeMounts],
    startupProbe: { ...probe, periodSeconds: 1, failureThreshold: 120 },
    readinessProbe: { ...probe, periodSeconds: 5, failureThreshold: 3 },
  };
}

/** The environment's own variables. Those of before `home` was a field may set HOME themselves. */
function variablesOf({ env = [], home = "/home/datalayer" }: RuntimeEnvironment["spec"]): {
  name: string;
  value: string;
}[] {
  const own = env.map(({ name, value }) => ({ name, value: literalValueOf(value) }));
  return own.some(({ name }) => name === "HOME") ? own : [...own, { name: "HOME", value: home }];
}
