import type { Container, EnvVariable, Volume, VolumeMount } from "@datalayer/shared/kube/pod-parts";

/** What one feature adds to a runtime Pod. Its names are its own: two features never share a volume. */
export interface PodParts {
  volumes?: readonly Volume[];
  /** Run one after the other before Jupyter starts. */
  initContainers?: readonly Container[];
  /** Of the container `jupyter`. */
  volumeMounts?: readonly VolumeMount[];
  /** Of the container `jupyter`, after those of the environment. */
  env?: readonly EnvVariable[];
  /** Of the Pod: what is to be known of the feature where the spec is not read. */
  annotations?: Readonly<Record<string, string>>;
}

/** The parts of several features together, in their order. */
export function joinParts(parts: readonly PodParts[]): Required<PodParts> {
  return {
    volumes: parts.flatMap(({ volumes = [] }) => volumes),
    initContainers: parts.flatMap(({ initContainers = [] }) => initContainers),
    volumeMounts: parts.flatMap(({ volumeMounts = [] }) => volumeMounts),
    env: parts.flatMap(({ env = [] }) => env),
    annotations: Object.fromEntries(parts.flatMap(({ annotations = {} }) => Object.entries(annotations))),
  };
}
