import { fetchedTree } from "@datalayer/shared/content/fetcher";
import { repositoryText } from "../../registry/reference.ts";
import type { BuildInputs, BuildRequest, EngineSettings, PinnedSource } from "../engine.ts";
import { place } from "./script.ts";

/** The tag of the layers of earlier builds. */
export const cacheTag = "buildcache";
/** The label of an image that says what it was made of. */
export const inputsLabel = "io.datalayer.inputs-hash";

/** What `buildctl build` is called with. */
export function buildArguments(request: BuildRequest, settings: EngineSettings): string[] {
  return [
    "--progress=plain",
    "--frontend=dockerfile.v0",
    ...contextArguments(request.inputs.source),
    ...options(request, settings),
    ...secretArguments(request),
    ...cacheArguments(request),
    `--source-policy-file=${place.inputs}/config/policy.json`,
    ...authorityArguments(request),
    "--output",
    outputOf(request),
  ];
}

function contextArguments(source: PinnedSource): string[] {
  const folder =
    source.kind === "context"
      ? `${place.inputs}/context`
      : [place.source, fetchedTree, source.subPath].filter((part) => part !== undefined).join("/");
  const file = source.kind === "context" ? "Dockerfile" : source.dockerfile;
  const args = ["--local", `context=${folder}`, "--local", `dockerfile=${folder}`];
  return [...args, "--opt", `filename=${file}`];
}

function options({ image, inputs }: BuildRequest, { sbomGeneratorImage }: EngineSettings): string[] {
  const { build, attest, output } = image.spec;
  const { provenance, sbom } = { provenance: "min", sbom: false, ...attest };
  const named: [string, string | undefined][] = [
    // The frontend is BuildKit's own: with this option, it heeds no `# syntax=`.
    ["cmdline", "built-in"],
    ["target", build?.target],
    ["platform", build?.platforms?.join(",")],
    ...(build?.args ?? []).map(({ name, value }): [string, string] => [`build-arg:${name}`, value]),
    ["build-arg:SOURCE_DATE_EPOCH", String(inputs.sourceDateEpoch)],
    ...(output?.labels ?? []).map(({ name, value }): [string, string] => [`label:${name}`, value]),
    [`label:${inputsLabel}`, inputs.hash],
    ["attest:provenance", provenance === "off" ? undefined : `mode=${provenance}`],
    ["attest:sbom", sbom ? `generator=${sbomGeneratorImage}` : undefined],
    ...revisionOf(inputs),
  ];
  return named.flatMap(([name, value]) => (value === undefined ? [] : ["--opt", `${name}=${value}`]));
}

/** What the provenance says of a repository that BuildKit itself did not fetch. */
function revisionOf({ source }: BuildInputs): [string, string][] {
  if (source.kind !== "git") return [];
  return [
    ["vcs:source", source.url],
    ["vcs:revision", source.revision],
  ];
}

function secretArguments({ image }: BuildRequest): string[] {
  const secrets = image.spec.build?.secrets ?? [];
  return secrets.flatMap(({ id }, index) => ["--secret", `id=${id},src=${place.secrets}/${index}/value`]);
}

function cacheArguments({ image, repository }: BuildRequest): string[] {
  const { mode } = { mode: "min", ...image.spec.cache };
  if (mode === "off") return [];
  const cache = `type=registry,ref=${repositoryText(repository)}:${cacheTag}`;
  // In the form of an image, which every registry takes; what it cannot store must not fail the build.
  const form = "image-manifest=true,oci-mediatypes=true,ignore-error=true";
  return ["--import-cache", cache, "--export-cache", `${cache},mode=${mode},${form}`];
}

/** Tokens are asked for by the client, which does not read the configuration of the daemon. */
function authorityArguments({ image, repository }: BuildRequest): string[] {
  if (!image.spec.output?.caSecretRef) return [];
  return ["--registry-auth-tlscontext", `host=${repository.host},ca=${place.ca}/ca.crt`];
}

function outputOf({ image, repository, tag }: BuildRequest): string {
  const { compression } = { compression: "gzip", ...image.spec.output };
  return [
    "type=image",
    `name=${repositoryText(repository)}:${tag}`,
    "push=true",
    "oci-mediatypes=true",
    "rewrite-timestamp=true",
    `compression=${compression}`,
  ].join(",");
}
