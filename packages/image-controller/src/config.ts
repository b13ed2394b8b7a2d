import { optionalApiKeySettings } from "@datalayer/shared/config/api-key-settings";
import { commonSettings } from "@datalayer/shared/config/common";
import { namespaceName, objectName, watchedNamespace } from "@datalayer/shared/config/names";
import { defineSettings, type SettingsOf, settingTable } from "@datalayer/shared/config/settings";
import { integer, list, oneOf, port, text } from "@datalayer/shared/config/values";

const prefixes = list(
  text({
    pattern: /^[A-Za-z0-9][A-Za-z0-9.-]*(?::\d{1,5})?(?:\/[a-z0-9][a-z0-9._-]*)*$/,
    expected: "a registry such as registry.example.com:5000, or a repository of it",
  }),
);

const table = settingTable({
  ...commonSettings,
  ...optionalApiKeySettings,
  apiPort: {
    name: "DATALAYER_IMAGES_PORT",
    schema: port(),
    default: "2114",
    description: "The port of the REST API.",
  },
  namespaces: {
    name: "DATALAYER_WATCH_NAMESPACES",
    schema: list(watchedNamespace, { min: 1 }),
    default: "datalayer-builds",
    description: "The namespaces whose Images are built, each in its own; * stands for all.",
  },
  podName: {
    name: "POD_NAME",
    schema: objectName,
    default: "image-controller",
    description: "The name of this process, in its lease and Events.",
  },
  podNamespace: {
    name: "POD_NAMESPACE",
    schema: namespaceName,
    default: "datalayer-runtimes",
    description: "The namespace of the lease.",
  },
  dockerRegistry: {
    name: "DATALAYER_DOCKER_REGISTRY",
    schema: text(),
    optional: true,
    description:
      "Replaces ${DATALAYER_DOCKER_REGISTRY} in Images and in the settings below, and is where Images without a repository are published.",
  },
  plainHosts: {
    name: "DATALAYER_IMAGES_PLAIN_REGISTRIES",
    schema: list(text()),
    default: "",
    description: "Registries that are spoken to without TLS, as hosts with their ports.",
  },
  allowedRepositories: {
    name: "DATALAYER_IMAGES_ALLOWED_REPOSITORIES",
    schema: prefixes,
    default: "",
    description:
      "Registries and repositories to which, and below which, Images may be pushed; empty for all. Those of images that builds run have to be named in full.",
  },
  allowedBases: {
    name: "DATALAYER_IMAGES_ALLOWED_BASES",
    schema: prefixes,
    default: "",
    description: "Registries and repositories whose images may be built on; empty for all.",
  },
  isolations: {
    name: "DATALAYER_IMAGES_ISOLATIONS",
    schema: list(oneOf(["rootless", "userns", "privileged"]), { min: 1 }),
    default: "rootless",
    description: "The ways in which builds may be kept apart from their nodes; the first is the default.",
  },
  maxBuilds: {
    name: "DATALAYER_IMAGES_MAX_BUILDS",
    schema: integer({ min: 1, max: 1000 }),
    default: "4",
    unit: "builds",
    description: "How many builds run at once, over all namespaces, which take turns.",
  },
  pushSecret: {
    name: "DATALAYER_IMAGES_PUSH_SECRET",
    schema: objectName,
    default: "reg-creds",
    description:
      "The Secret, in the namespace of an Image, with which its registry is asked where the Image names none.",
  },
  imagePullSecrets: {
    name: "DATALAYER_IMAGE_PULL_SECRETS",
    schema: list(objectName),
    default: "reg-creds",
    description: "The Secrets that the Pods of builds pull their own images with.",
  },
  packageSourcesSecret: {
    name: "DATALAYER_IMAGES_PACKAGE_SOURCES_SECRET",
    schema: objectName,
    default: "package-sources",
    description:
      "The Secret, in the namespace of an Image, that says where packages come from: any of apt.list, pip.conf, condarc and ca.crt, the authorities of their servers and of those of archives.",
  },
  builderImage: {
    name: "DATALAYER_IMAGES_BUILDER_IMAGE",
    schema: text(),
    default: "${DATALAYER_DOCKER_REGISTRY}/datalayer/buildkit:0.34.2",
    description: "The image in which images are built. A new one has every Image built anew.",
  },
  fetcherImage: {
    name: "DATALAYER_GIT_CONTENT_IMAGE",
    schema: text(),
    default: "${DATALAYER_DOCKER_REGISTRY}/datalayer/git-content:0.1.0",
    description: "The image that fetches repositories and archives before a build begins.",
  },
  sbomGeneratorImage: {
    name: "DATALAYER_IMAGES_SBOM_GENERATOR_IMAGE",
    schema: text(),
    default: "docker.io/docker/buildkit-syft-scanner:1.10.0",
    description: "The image that lists the packages of an image, where spec.attest.sbom asks for it.",
  },
  micromambaImage: {
    name: "DATALAYER_IMAGES_MICROMAMBA_IMAGE",
    schema: text(),
    default: "docker.io/mambaorg/micromamba:2.3.2",
    description: "The image with the program that installs the conda packages of environments.",
  },
  pixiImage: {
    name: "DATALAYER_IMAGES_PIXI_IMAGE",
    schema: text(),
    default: "ghcr.io/prefix-dev/pixi:0.55.0",
    description: "The image with the program that installs the pixi projects of environments.",
  },
});

/** Every setting of the image-controller, from the environment. */
export const settings = defineSettings(table);

/** The settings of an image-controller process. */
export type ImageControllerSettings = SettingsOf<typeof table>;
