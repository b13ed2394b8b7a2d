import type { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import type { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { describe, expect, it } from "vitest";
import { storedEnvironment, storedPool } from "../../test/pool-objects.ts";
import { contentsOf, storedContent } from "../../test/content-objects.ts";
import { revisionOf } from "../runtime/pod-builder.ts";
import { type FoundTemplate, gatherTemplate } from "./template.ts";

const imageSources = {
  images: { get: () => undefined },
  imagesNamespace: "datalayer-builds",
  dockerRegistry: "registry.example",
};
const podSettings = { serviceAccount: "datalayer-runtimes-sa", imagePullSecrets: [] };

function templateOf(
  pool: RuntimePool,
  environments: RuntimeEnvironment[],
  contents: RuntimeContent[] = [],
): FoundTemplate {
  const get = ({ name }: { name: string }) => environments.find(({ metadata }) => metadata.name === name);
  const contentSettings = { gitImage: "git:1" };
  const sources = { environments: { get }, contents: contentsOf(contents), imageSources };
  return gatherTemplate(pool, { ...sources, podSettings, contentSettings });
}

describe("the template of a pool", () => {
  it("is made of the pool and its environment, and carries their revision", () => {
    const [pool, environment] = [storedPool(), storedEnvironment()];
    const image = "registry.example/datalayer/jupyter-python:0.0.8";
    const { template } = templateOf(pool, [environment]);
    const parts = { pool, environment, image, settings: podSettings };
    expect(template).toMatchObject(parts);
    expect(template?.revision).toBe(revisionOf(parts));
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
      message:
        'RuntimeEnvironment "python-simple-env": spec.image.name: there is no Image "jupyter" in namespace datalayer-builds.',
    });
  });

  it("is missing when no environment is named", () => {
    expect(templateOf(storedPool({ environment: undefined }), []).fault?.message).toBe(
      "spec.environment is not set; expected the name of a RuntimeEnvironment in this namespace.",
    );
  });

  describe("with contents", () => {
    const environment = storedEnvironment({
      contents: [{ name: "course", mount: "/home/datalayer/course" }],
    });
    const templateWith = (content: RuntimeContent) => templateOf(storedPool(), [environment], [content]);

    it("has their parts", () => {
      const [part] = templateWith(storedContent()).template?.parts ?? [];
      expect(part?.initContainers).toHaveLength(1);
    });

    it("is missing when one of them is, and names environment and field", () => {
      expect(templateOf(storedPool(), [environment]).fault).toEqual({
        reason: "ContentNotFound",
        message:
          'RuntimeEnvironment "python-simple-env": spec.contents[0].name: there is no RuntimeContent "course" in namespace datalayer-runtimes.',
      });
    });

    const before = templateWith(storedContent()).template?.revision;
    it.each([
      ["revision", { revision: "b".repeat(40) }],
      ["source", { source: "https://git.example.org/other.git" }],
      ["hash", { sha256: "c".repeat(64) }],
      ["folder", { subPath: "week-1" }],
      ["Secret", { secret: "git-secret" }],
    ])("is of another revision when a content has another %s", (_, spec) => {
      expect(templateWith(storedContent(spec)).template?.revision).not.toBe(before);
    });

    it("is of the same revision when a content has another description", () => {
      expect(templateWith(storedContent({ description: "Other" })).template?.revision).toBe(before);
    });
  });
});
