import { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import type { Manifest } from "@datalayer/shared/kube/object";

/** An environment to create: the fields that it must have, and small resources. */
export function environmentManifest(
  namespace: string,
  { name = "python-env", ...spec }: Partial<RuntimeEnvironment["spec"]> & { name?: string } = {},
): Manifest<RuntimeEnvironment> {
  return {
    apiVersion: RuntimeEnvironment.apiVersion,
    kind: RuntimeEnvironment.kind,
    metadata: { name, namespace },
    spec: {
      title: "Simple Python",
      language: "python",
      dockerImage: "datalayer/jupyter-python:0.0.8",
      resourcesRanges: { default: { limits: { cpu: "10m", memory: "16Mi" } } },
      ...spec,
    },
  };
}

/** A pool of three to create. */
export function poolManifest(
  namespace: string,
  { name = "python-pool", ...spec }: Partial<RuntimePool["spec"]> & { name?: string } = {},
): Manifest<RuntimePool> {
  return {
    apiVersion: RuntimePool.apiVersion,
    kind: RuntimePool.kind,
    metadata: { name, namespace },
    spec: { environment: "python-env", size: 3, burningRate: 0.01, ...spec },
  };
}

/** A git content to create, pinned, unless `spec` says another type. */
export function contentManifest(
  namespace: string,
  name: string,
  spec: Partial<RuntimeContent["spec"]> = {},
): Manifest<RuntimeContent> {
  const { type = "git" } = spec;
  const git = { source: "https://git.example.org/course.git", revision: "a".repeat(40) };
  return {
    apiVersion: RuntimeContent.apiVersion,
    kind: RuntimeContent.kind,
    metadata: { name, namespace },
    spec: { ...(type === "git" && git), ...spec, type },
  };
}
