import type { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { describe, expect, it } from "vitest";
import { storedEnvironment, storedPool } from "../../test/pool-objects.ts";
import { revisionOf } from "../runtime/pod-builder.ts";
import { type FoundTemplate, gatherTemplate } from "./template.ts";

const imageSources = {
  images: { get: () => undefined },
  imagesNamespace: "datalayer-builds",
  dockerRegistry: "registry.example",
};
const podSettings = { serviceAccount: "datalayer-runtimes-sa", imagePullSecrets: [] };

function templateOf(pool: RuntimePool, environments: RuntimeEnvironment[]): FoundTemplate {
  const get = ({ name }: { name: string }) => environments.find(({ metadata }) => metadata.name === name);
  return gatherTemplate(pool, { environments: { get }, imageSources, podSettings });
}

describe("the template of a pool", () => {
  it("is made of the pool and its environment, and carries their revision", () => {
    const [pool, environment] = [storedPool(), storedEnvironment()];
    const image = "registry.example/datalayer/jupyter-python:0.0.8";
    const parts = { pool, environment, image, settings: podSettings };
    expect(templateOf(pool, [environment])).toEqual({
      template: { ...parts, revision: revisionOf(parts) },
    });
  });

  it("is missing without its environment: field, value and namespace are named", () => {
    expect(templateOf(storedPool(), []).fault).toEqual({
      reason: "EnvironmentNotFound",
      message:
        'spec.environment: there is no RuntimeEnvironment "python-simple-env" in namespace datalayer-runtimes.',
    });
  });

  it("is missing without the image of its environment", () => {
    const environment = storedEnvironment({ dockerImage: undefined, image: { name: "jupyter" } });
    expect(templateOf(storedPool(), [environment]).fault).toEqual({
      reason: "ImageNotFound",
      message: 'spec.image.name: there is no Image "jupyter" in namespace datalayer-builds.',
    });
  });

  it("is missing when no environment is named", () => {
    expect(templateOf(storedPool({ environment: undefined }), []).fault?.message).toBe(
      "spec.environment is not set; expected the name of a RuntimeEnvironment in this namespace.",
    );
  });
});
