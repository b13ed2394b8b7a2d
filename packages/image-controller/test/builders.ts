import { Image, type ImageSource, type ImageSpec } from "@datalayer/shared/crds/image";
import type { Manifest } from "@datalayer/shared/kube/object";
import type { BuildRequest, EngineSettings } from "../src/engines/engine.ts";
import { attemptName, buildTag } from "../src/image/names.ts";
import type { Look } from "../src/resolve/looks.ts";

export const hash = "0123456789abcdef".repeat(4);
export const commit = "c0ffee".padEnd(40, "0");
export const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;

/** A part of a spec: what of a source is left out does not matter to the test. */
export type PartialSpec = Partial<Omit<ImageSpec, "source">> & { source?: ImageSource };

export const inline: ImageSource = { inline: { dockerfile: "FROM r.example/base:1\nCOPY app.py /app/\n" } };

/** An Image to create; it builds an inline Dockerfile unless told otherwise. */
export function imageManifest(namespace: string, name: string, spec: PartialSpec = {}): Manifest<Image> {
  const { apiVersion, kind } = Image;
  return { apiVersion, kind, metadata: { namespace, name }, spec: { source: inline, ...spec } };
}

/** An Image as the API server has it, its defaults left out. */
export function storedImage(
  spec: PartialSpec = {},
  more: { name?: string; status?: Image["status"] } = {},
): Image {
  const { name = "jupyter", status } = more;
  return {
    ...imageManifest("builds", name, spec),
    metadata: {
      name,
      namespace: "builds",
      uid: `uid-of-${name}`,
      resourceVersion: "1",
      generation: 1,
      creationTimestamp: "2026-01-01T00:00:00Z",
    },
    ...(status && { status }),
  };
}

export const engineSettings: EngineSettings = {
  builderImage: "r.example/datalayer/buildkit:v0.34.2",
  fetcherImage: "r.example/datalayer/git-content:dev",
  imagePullSecrets: ["reg-creds"],
  packageSourcesSecret: "package-sources",
  plainHosts: [],
  allowedBases: [],
  sbomGeneratorImage: "r.example/sbom-scanner:1",
};

/** A build to be made. */
export function buildRequest(spec: PartialSpec = {}, more: Partial<BuildRequest> = {}): BuildRequest {
  const image = storedImage(spec);
  return {
    image,
    inputs: {
      hash,
      source: { kind: "context", context: { dockerfile: "FROM r.example/base:1\n", files: [] } },
      bases: [{ name: "r.example/base:1", digest: digest("b") }],
      sourceDateEpoch: 0,
    },
    repository: { host: "r.example", repository: "team/jupyter" },
    tag: buildTag(hash),
    isolation: "rootless",
    credentials: undefined,
    attempt: { name: attemptName("jupyter", hash, 1), number: 1 },
    ...more,
  };
}

export const repository = { host: "r.example", repository: "team/app" };

/** What was seen at the source and in the registry, of inputs of the {@link hash}. */
export const look: Look = {
  target: { repository, tags: ["latest"], isolation: "rootless" },
  secrets: { registry: {}, credentials: undefined, git: {}, hidden: [] },
  resolved: {
    inputs: {
      hash,
      source: { kind: "context", context: { dockerfile: "FROM scratch\n", files: [] } },
      bases: [],
      sourceDateEpoch: 0,
    },
    revision: undefined,
    tree: undefined,
  },
  dueAtMs: Infinity,
};
