import type { Volume, VolumeMount } from "@datalayer/shared/kube/pod-parts";
import type { BuildContext } from "../build-context.ts";
import type { BuildRequest, EngineSettings } from "../engine.ts";
import { daemonConfiguration, sourcePolicy } from "./configuration.ts";
import { place, script } from "./script.ts";

/** One file of the ConfigMap of an attempt: its keys cannot hold the paths of files. */
interface InputFile {
  key: string;
  path: string;
  content: string;
}

/** The files that the Job of an attempt reads. */
export function inputFiles(request: BuildRequest, settings: EngineSettings): InputFile[] {
  const { inputs, repository, image } = request;
  const authority = image.spec.output?.caSecretRef && {
    host: repository.host,
    path: `${place.ca}/ca.crt`,
  };
  return [
    { key: "build.sh", path: "build.sh", content: script },
    {
      key: "buildkitd.toml",
      path: "config/buildkitd.toml",
      content: daemonConfiguration(settings, authority),
    },
    { key: "policy.json", path: "config/policy.json", content: sourcePolicy(inputs.bases, settings) },
    ...(inputs.source.kind === "context" ? contextFiles(inputs.source.context) : []),
  ];
}

/** Below a folder of their own: beside it kubelet has links, with names of the moment, that a build would copy. */
function contextFiles({ dockerfile, files }: BuildContext): InputFile[] {
  return [
    { key: "Dockerfile", path: "context/Dockerfile", content: dockerfile },
    ...files.map(({ path, content }, index) => ({ key: `file-${index}`, path: `context/${path}`, content })),
  ];
}

/** The volumes of a build, but for those that its isolation and its source bring. */
export function volumesOf(request: BuildRequest, settings: EngineSettings): Volume[] {
  const { attempt, credentials, image } = request;
  const { caSecretRef } = image.spec.output ?? {};
  const items = inputFiles(request, settings).map(({ key, path }) => ({ key, path }));
  return [
    { name: "inputs", configMap: { name: attempt.name, defaultMode: 0o444, items } },
    { name: "work", emptyDir: { sizeLimit: "16Mi" } },
    ...(installsPackages(image) ? [packageSources(settings)] : []),
    ...(credentials ? [secretVolume("credentials", credentials.name, keysOf(credentials.type))] : []),
    ...(caSecretRef ? [secretVolume("ca", caSecretRef.name, ["ca.crt"])] : []),
    ...(image.spec.build?.secrets ?? []).map(({ name, key }, index) => ({
      name: `secret-${index}`,
      secret: { secretName: name, defaultMode: 0o440, items: [{ key, path: "value" }] },
    })),
  ];
}

/** Where they lie in the container. */
export function mountsOf({ image, inputs, credentials }: BuildRequest): VolumeMount[] {
  const readOnly = true;
  return [
    { name: "inputs", mountPath: place.inputs, readOnly },
    { name: "work", mountPath: place.work },
    ...(installsPackages(image)
      ? [{ name: "package-sources", mountPath: place.packageSources, readOnly }]
      : []),
    ...(credentials ? [{ name: "credentials", mountPath: place.credentials, readOnly }] : []),
    ...(image.spec.output?.caSecretRef ? [{ name: "ca", mountPath: place.ca, readOnly }] : []),
    ...(image.spec.build?.secrets ?? []).map((_, index) => ({
      name: `secret-${index}`,
      mountPath: `${place.secrets}/${index}`,
      readOnly,
    })),
    ...(inputs.source.kind === "context" ? [] : [{ name: "source", mountPath: place.source, readOnly }]),
  ];
}

/** A Dockerfile of an author could mount the credentials for them in any step, and keep them. */
function installsPackages({ spec }: BuildRequest["image"]): boolean {
  return spec.source.environment !== undefined;
}

function packageSources({ packageSourcesSecret: secretName }: EngineSettings): Volume {
  return { name: "package-sources", secret: { secretName, optional: true, defaultMode: 0o440 } };
}

/** Only the keys that the build reads. */
function secretVolume(name: string, secretName: string, keys: readonly string[]): Volume {
  const items = keys.map((key) => ({ key, path: key }));
  return { name, secret: { secretName, defaultMode: 0o440, items } };
}

function keysOf(type: string): string[] {
  if (type === "kubernetes.io/dockerconfigjson") return [".dockerconfigjson"];
  return type === "kubernetes.io/dockercfg" ? [".dockercfg"] : ["username", "password"];
}
