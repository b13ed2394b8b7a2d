import type { Image, ImageBuild } from "@datalayer/shared/crds/image";
import type { ConfigMap, Job } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import type { RepositoryName } from "../registry/reference.ts";
import type { BuildContext } from "./build-context.ts";

/** How a build is kept apart from its node. */
export type Isolation = NonNullable<ImageBuild["isolation"]>;

/** What is built, exactly: the same again at any time. */
export type PinnedSource =
  | { kind: "context"; context: BuildContext }
  | {
      kind: "git";
      url: string;
      /** The commit. */
      revision: string;
      subPath: string | undefined;
      dockerfile: string;
      secret: string | undefined;
    }
  | {
      kind: "archive";
      url: string;
      sha256: string;
      stripComponents: number;
      subPath: string | undefined;
      dockerfile: string;
    };

/** An image that is built on, and what it was when the inputs were resolved. */
export interface PinnedBase {
  /** In full, as BuildKit knows it. */
  name: string;
  digest: string;
}

/** All that an image is made of. */
export interface BuildInputs {
  /** 64 hexadecimal digits; equal inputs have equal hashes. */
  hash: string;
  source: PinnedSource;
  bases: readonly PinnedBase[];
  /** Time of everything in the image, in seconds since 1970. */
  sourceDateEpoch: number;
}

/** One build to be made. */
export interface BuildRequest {
  image: Image;
  inputs: BuildInputs;
  repository: RepositoryName;
  /** The tag that the build pushes, and no other. */
  tag: string;
  isolation: Isolation;
  /** Secret with the credentials of registries, and its type. */
  credentials: { name: string; type: string } | undefined;
  /** Name of the objects of this attempt, and its number. */
  attempt: { name: string; number: number };
}

/** What the administrator has builds made with. */
export interface EngineSettings {
  /** The image in which images are built. */
  builderImage: string;
  /** The image that fetches commits and archives. */
  fetcherImage: string;
  imagePullSecrets: readonly string[];
  /** Secret in the namespace of the Image that says where packages come from; see `packageSources`. */
  packageSourcesSecret: string;
  /** Registries that are spoken to without TLS: hosts with their ports. */
  plainHosts: readonly string[];
  /** Registries, and repositories with all below them, whose images may be built on; all where there is none. */
  allowedBases: readonly string[];
  /** The image that lists the packages of an image. */
  sbomGeneratorImage: string;
}

/** What one attempt creates in the cluster, in this order. */
export interface BuildObjects {
  /** What the Job reads: never changed, and owned by the Image. */
  inputs: Manifest<ConfigMap>;
  /** Creates one Pod, which pushes the tag of the request and says the digest in its termination message. */
  job: Manifest<Job>;
}

/** A way to build images. Pure: it says what is created, and creates nothing. */
export interface Engine {
  readonly name: string;
  /** What of the engine decides on the content of images: a part of the inputs. */
  version(settings: EngineSettings): string;
  job(request: BuildRequest, settings: EngineSettings): BuildObjects;
}
