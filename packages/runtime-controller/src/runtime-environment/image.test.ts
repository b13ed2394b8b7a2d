import type { Image } from "@datalayer/shared/crds/image";
import { describe, expect, it } from "vitest";
import { storedEnvironment } from "../../test/pool-objects.ts";
import { environmentsNaming, imageOf } from "./image.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
const imagesNamespace = "datalayer-builds";

function storedImage(status?: Image["status"], namespace = imagesNamespace): Image {
  const metadata = { name: "jupyter", namespace, uid: "u", resourceVersion: "1", creationTimestamp: "" };
  const spec = { source: { inline: { dockerfile: "FROM scratch" } } };
  return { apiVersion: "datalayer.io/v1", kind: "Image", metadata, spec, ...(status && { status }) };
}

function sources(image?: Image, dockerRegistry?: string): Parameters<typeof imageOf>[1] {
  const get = ({ namespace, name }: { namespace?: string; name: string }): Image | undefined =>
    image?.metadata.namespace === namespace && image?.metadata.name === name ? image : undefined;
  return { images: { get }, imagesNamespace, dockerRegistry };
}

describe("an environment that gives a reference", () => {
  it("runs it as it is written", () => {
    const environment = storedEnvironment({ dockerImage: "datalayer/jupyter:1" });
    expect(imageOf(environment, sources())).toEqual({ reference: "datalayer/jupyter:1" });
  });

  it("runs it from the registry of the operator, whatever characters that has", () => {
    const environment = storedEnvironment({ dockerImage: "${DATALAYER_DOCKER_REGISTRY}/jupyter:1" });
    expect(imageOf(environment, sources(undefined, "r.example/$&"))).toEqual({
      reference: "r.example/$&/jupyter:1",
    });
  });

  it("says that the operator has no registry", () => {
    const environment = storedEnvironment({ dockerImage: "${DATALAYER_DOCKER_REGISTRY}/jupyter:1" });
    expect(imageOf(environment, sources()).fault).toEqual({
      reason: "RegistryNotSet",
      message:
        "spec.dockerImage: ${DATALAYER_DOCKER_REGISTRY}/jupyter:1 names the operator's setting DATALAYER_DOCKER_REGISTRY, which is not set.",
    });
  });
});

describe("an environment that names an Image", () => {
  const environment = storedEnvironment({ dockerImage: undefined, image: { name: "jupyter" } });

  it("runs its newest build, also while the Image is not ready", () => {
    const conditions = [
      { type: "Ready", status: "False" as const, reason: "Building", message: "", lastTransitionTime: "" },
    ];
    const image = storedImage({ image: `r.example/jupyter@${digest}`, conditions });
    expect(imageOf(environment, sources(image))).toEqual({ reference: `r.example/jupyter@${digest}` });
  });

  const faults: [string, Image | undefined, string, string][] = [
    [
      "there is none",
      undefined,
      "ImageNotFound",
      'there is no Image "jupyter" in namespace datalayer-builds.',
    ],
    ["it lies in another namespace", storedImage({}, "tenant-b"), "ImageNotFound", "there is no Image"],
    ["it has no status yet", storedImage(), "ImageNotReady", 'the Image "jupyter" has not been built yet.'],
    [
      "its build failed",
      storedImage({
        conditions: [
          {
            type: "Ready",
            status: "False",
            reason: "BuildFailed",
            message: "pip: no such package",
            lastTransitionTime: "",
          },
        ],
      }),
      "ImageNotReady",
      "has not been built yet: pip: no such package",
    ],
    [
      "it names a tag",
      storedImage({ image: "r.example/jupyter:1" }),
      "ImageNotReady",
      "not pinned by digest",
    ],
    [
      "it names two references",
      storedImage({ image: `r.example/a b@${digest}` }),
      "ImageNotReady",
      "not pinned by digest",
    ],
  ];
  it.each(faults)("says when %s", (_, image, reason, message) => {
    const { fault } = imageOf(environment, sources(image));
    expect(fault?.reason).toBe(reason);
    expect(fault?.message).toContain(`spec.image.name: `);
    expect(fault?.message).toContain(message);
    expect(fault?.isPassing ?? false).toBe(reason === "ImageNotReady");
  });

  it("is found by the Image, if that lies in the namespace of images", () => {
    const other = storedEnvironment();
    const environments = { list: () => [environment, other] };
    expect(environmentsNaming(storedImage(), environments, sources())).toEqual([environment]);
    expect(environmentsNaming(storedImage(undefined, "tenant-b"), environments, sources())).toEqual([]);
  });
});
