import { type ImageReason, imageReason } from "@datalayer/shared/crds/image";

const readTheLog = "Read the log, which says what went wrong, and correct the source.";
const lookAtLogin =
  "Correct the Secret that spec.output.pushSecretRef names: it has to let one push and pull there.";

/** What its owner, or the administrator, can do about a reason; those that pass by themselves have none. */
const adviceByReason: Partial<Record<ImageReason, string>> = {
  [imageReason.registryNotSet]: "Name a registry in spec.output.repository, or have the operator set to one.",
  [imageReason.repositoryNotAllowed]: "Choose a repository that the operator lets this namespace push to.",
  [imageReason.baseNotAllowed]:
    "Build on an image of a registry that the operator allows, or have that one allowed.",
  [imageReason.isolationNotAllowed]:
    "Leave out spec.build.isolation, or choose a way that the operator allows.",
  [imageReason.frontendNotAllowed]:
    "Take the line that begins with # syntax= out of the Dockerfile: it names a program that would run in its place.",
  [imageReason.invalidSpec]: "Correct the field that the message names.",
  [imageReason.invalidDockerfile]: "Correct the line of the Dockerfile that the message names.",
  [imageReason.baseIsOwnOutput]: "Build on another image, or publish under another name.",
  [imageReason.tagConflict]:
    "Choose other tags: an older Image publishes under this one. This Image takes over when the older one goes.",
  [imageReason.sourceNotFound]: "Correct the address, the revision or the folder of the source.",
  [imageReason.sourceRefused]: "Correct the Secret that spec.source.git.secretRef names.",
  [imageReason.baseNotFound]: "Correct the name of the image that is built on, or push it.",
  [imageReason.secretNotFound]:
    "Create the Secret that the message names, in the namespace of the Image, or correct the name.",
  [imageReason.secretRefused]: "Give the Secret the type and the keys that the message names.",
  [imageReason.registryRefused]: lookAtLogin,
  [imageReason.cancelled]: "Build it now, or change it: these very inputs are not built by themselves again.",
  [imageReason.suspended]: "Set spec.policy.suspend to false.",
  [imageReason.buildFailed]: readTheLog,
  [imageReason.outOfMemory]: "Raise spec.build.resources.memory, or have the build use less.",
  [imageReason.outOfDisk]: "Raise spec.build.resources.storage, or have the build write less.",
  [imageReason.timedOut]: "Raise spec.build.timeout, or have the build take less time.",
  [imageReason.notScheduled]:
    "Ask for less in spec.build, correct nodeSelector and tolerations there, add a node, or read in the Events of the Job why it had no Pod.",
  [imageReason.jobRefused]: "Read the message: a quota or a policy of the namespace refuses the Job.",
  [imageReason.baseRefused]:
    "Correct the Secret that spec.output.pushSecretRef names: it has to let one pull what is built on, too.",
  [imageReason.pushRefused]: lookAtLogin,
  [imageReason.pushNotFound]: "Create the repository in the registry, where this does not do so by itself.",
  [imageReason.verificationFailed]:
    "Have the administrator look at the registry: it does not hold what the build pushed.",
};

/** What can be done about a reason; undefined when there is nothing to do but wait. */
export function adviceFor(reason: string): string | undefined {
  return (adviceByReason as Record<string, string | undefined>)[reason];
}
