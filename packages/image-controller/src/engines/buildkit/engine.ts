import { Image } from "@datalayer/shared/crds/image";
import { annotation, buildApp, component, label } from "../../image/names.ts";
import { repositoryText } from "../../registry/reference.ts";
import type { BuildRequest, Engine } from "../engine.ts";
import { buildJob } from "./job-builder.ts";
import { inputFiles } from "./volumes.ts";

/** BuildKit, started for one build in the Pod of the build. */
export const buildkit: Engine = {
  name: "buildkit",
  version: ({ builderImage }) => builderImage,
  job: (request, settings) => {
    const files = inputFiles(request, settings);
    return {
      inputs: {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: metadataOf(request, component.inputs),
        immutable: true,
        data: Object.fromEntries(files.map(({ key, content }) => [key, content])),
      },
      job: buildJob(request, settings, metadataOf(request, component.build)),
    };
  },
};

function metadataOf({ image, inputs, repository, attempt }: BuildRequest, role: string) {
  const { name, namespace, uid } = image.metadata;
  return {
    name: attempt.name,
    namespace,
    labels: { [label.app]: buildApp, [label.component]: role, [label.image]: uid },
    annotations: {
      [annotation.inputsHash]: inputs.hash,
      [annotation.attempt]: String(attempt.number),
      [annotation.repository]: repositoryText(repository),
    },
    ownerReferences: [
      {
        apiVersion: Image.apiVersion,
        kind: Image.kind,
        name,
        uid,
        controller: true,
        blockOwnerDeletion: false,
      },
    ],
  };
}
