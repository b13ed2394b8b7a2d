import { defineKind, type KubeObject } from "../kube/object.ts";
import type {
  Environment,
  Inline,
  LookedFor,
  Published,
  Spec,
  SpecBuild,
  SpecSource,
  StatusBuild,
  StatusObject,
  Trigger,
} from "./generated/image-v1.ts";

export type ImageSpec = Spec;
export type ImageStatus = StatusObject;
export type ImageSource = SpecSource;
export type InlineSource = Inline;
export type EnvironmentSource = Environment;
export type ImageBuild = SpecBuild;
export type BuildStatus = StatusBuild;
export type BuildTrigger = Trigger;
export type PublishedBuild = Published;
export type AskedLook = LookedFor;

/** A container image that is built from a source and published in a registry. */
export interface Image extends KubeObject {
  spec: ImageSpec;
  status?: ImageStatus;
}

export const Image = defineKind<Image>({ apiVersion: "datalayer.io/v1", kind: "Image", plural: "images" });

/** Conditions of an Image beside Ready, Reconciling and Stalled, in the order in which they come true. */
export const imageCondition = {
  /** What it is built from was found, and nothing in the spec speaks against it. */
  sourceResolved: "SourceResolved",
  /** The registry holds a build of these inputs. */
  buildSucceeded: "BuildSucceeded",
  /** The tags name it. */
  published: "Published",
} as const;

/** Why a condition of an Image is as it is. */
export const imageReason = {
  // Of the spec.
  registryNotSet: "RegistryNotSet",
  repositoryNotAllowed: "RepositoryNotAllowed",
  baseNotAllowed: "BaseNotAllowed",
  isolationNotAllowed: "IsolationNotAllowed",
  frontendNotAllowed: "FrontendNotAllowed",
  invalidSpec: "InvalidSpec",
  invalidDockerfile: "InvalidDockerfile",
  baseIsOwnOutput: "BaseIsOwnOutput",
  tagConflict: "TagConflict",
  // Of what it names.
  resolving: "Resolving",
  sourceResolved: "SourceResolved",
  sourceNotFound: "SourceNotFound",
  sourceRefused: "SourceRefused",
  sourceUnavailable: "SourceUnavailable",
  baseNotFound: "BaseNotFound",
  secretNotFound: "SecretNotFound",
  secretRefused: "SecretRefused",
  registryUnavailable: "RegistryUnavailable",
  registryRefused: "RegistryRefused",
  // Of the build.
  queued: "Queued",
  building: "Building",
  built: "Built",
  succeeded: "Succeeded",
  superseded: "Superseded",
  cancelled: "Cancelled",
  suspended: "Suspended",
  buildFailed: "BuildFailed",
  outOfMemory: "OutOfMemory",
  outOfDisk: "OutOfDisk",
  evicted: "Evicted",
  nodeLost: "NodeLost",
  timedOut: "TimedOut",
  notScheduled: "NotScheduled",
  jobLost: "JobLost",
  jobRefused: "JobRefused",
  baseUnavailable: "BaseUnavailable",
  baseRefused: "BaseRefused",
  pushUnavailable: "PushUnavailable",
  pushRefused: "PushRefused",
  pushNotFound: "PushNotFound",
  // Of what was built.
  verificationFailed: "VerificationFailed",
  publishing: "Publishing",
  published: "Published",
} as const;

/** One of them. */
export type ImageReason = (typeof imageReason)[keyof typeof imageReason];
