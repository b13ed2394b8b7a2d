import { fetchContainer, type FetchRequest, fetchVolumes } from "@datalayer/shared/content/fetcher";
import type { ImageBuild } from "@datalayer/shared/crds/image";
import { literalValueOf } from "@datalayer/shared/kube/literal-value";
import type { Job } from "@datalayer/shared/kube/kinds";
import type { Container, PodSpec } from "@datalayer/shared/kube/pod-parts";
import type { Manifest, ManifestMeta } from "@datalayer/shared/kube/object";
import { secondsOf } from "../../image/duration.ts";
import type { BuildRequest, EngineSettings } from "../engine.ts";
import { buildArguments } from "./arguments.ts";
import { isolationOf } from "./isolation.ts";
import { place, registryVariable } from "./script.ts";
import { mountsOf, volumesOf } from "./volumes.ts";

const stopSeconds = 10;
/** How long a Pod may take to find its node, before its own time begins. */
const startSeconds = 600;
const defaults = { cpu: "500m", memory: "2Gi", storage: "20Gi", timeout: "30m" };

/** The Job of an attempt: one Pod, once. Retries are new Jobs. */
export function buildJob(
  request: BuildRequest,
  settings: EngineSettings,
  metadata: ManifestMeta,
): Manifest<Job> {
  const { build } = request.image.spec;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata,
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: timeoutSeconds(build) + startSeconds,
      // A Pod that is going may still push: the next one begins when it is gone.
      podReplacementPolicy: "Failed",
      template: {
        metadata: { labels: { ...metadata.labels } },
        spec: podSpec(request, settings),
      },
    },
  };
}

function podSpec(request: BuildRequest, settings: EngineSettings): PodSpec {
  const { build } = request.image.spec;
  const isolation = isolationOf(request.isolation);
  const fetch = fetchOf(request, settings);
  const sizeLimit = build?.resources?.storage ?? defaults.storage;
  return {
    restartPolicy: "Never",
    // Of the Pod, which stays with what it has said; the Job would delete it.
    activeDeadlineSeconds: timeoutSeconds(build),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: stopSeconds,
    ...isolation.pod,
    imagePullSecrets: settings.imagePullSecrets.map((name) => ({ name })),
    ...placementOf(build ?? {}),
    ...(fetch && { initContainers: [fetchContainer(fetch, "source", settings.fetcherImage)] }),
    containers: [buildContainer(request, settings)],
    volumes: [
      ...volumesOf(request, settings),
      ...isolation.volumes(sizeLimit),
      ...(fetch ? fetchVolumes(fetch, "source", sizeLimit) : []),
    ],
  };
}

function timeoutSeconds(build: ImageBuild | undefined): number {
  return secondsOf(build?.timeout ?? defaults.timeout);
}

/** Which node runs it, and how. */
function placementOf(build: ImageBuild): Partial<PodSpec> {
  const { nodeSelector, tolerations, runtimeClassName, priorityClassName } = build;
  return {
    ...(nodeSelector && { nodeSelector }),
    ...(tolerations && { tolerations: tolerations.map((one) => ({ ...one })) }),
    ...(runtimeClassName !== undefined && { runtimeClassName }),
    ...(priorityClassName !== undefined && { priorityClassName }),
  };
}

function buildContainer(request: BuildRequest, settings: EngineSettings): Container {
  const { resources } = request.image.spec.build ?? {};
  const { cpu, memory, storage } = { ...defaults, ...resources };
  const isolation = isolationOf(request.isolation);
  const { host } = request.repository;
  return {
    name: "build",
    image: settings.builderImage,
    command: ["/bin/sh", `${place.inputs}/build.sh`],
    args: buildArguments(request, settings).map(literalValueOf),
    env: Object.entries({
      ...isolation.env,
      // The daemon may take longer than the 2 s for which it is waited by default.
      BUILDCTL_CONNECT_RETRIES_MAX: "100",
      BUILDKITD_FLAGS: [...isolation.daemonFlags, `--config=${place.inputs}/config/buildkitd.toml`].join(" "),
      DOCKER_CONFIG: `${place.work}/login`,
      [registryVariable]: host === "docker.io" ? "https://index.docker.io/v1/" : host,
    }).map(([name, value]) => ({ name, value })),
    resources: {
      requests: { cpu, memory, "ephemeral-storage": storage },
      limits: { memory, "ephemeral-storage": storage },
    },
    securityContext: isolation.container,
    // Without a digest, the last lines say why.
    terminationMessagePolicy: "FallbackToLogsOnError",
    volumeMounts: [...mountsOf(request), ...isolation.mounts],
  };
}

function fetchOf(
  { image, inputs: { source } }: BuildRequest,
  { packageSourcesSecret }: EngineSettings,
): FetchRequest | undefined {
  const common = { kind: "Image", name: image.metadata.name };
  switch (source.kind) {
    case "context":
      return undefined;
    case "git": {
      const { url, revision, subPath, secret } = source;
      return { ...common, source: url, type: { git: { revision } }, subPath, secret };
    }
    case "archive": {
      const { url, sha256, stripComponents, subPath } = source;
      // For its authorities: the servers of archives are those of packages.
      const secret = packageSourcesSecret;
      return { ...common, source: url, type: { archive: { stripComponents } }, sha256, subPath, secret };
    }
  }
}
