import type { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { storedContent } from "../../test/content-objects.ts";
import { contentParts } from "./content-parts.ts";
import type { MountedContent } from "./selection.ts";

const settings = { gitImage: "registry.example/datalayer/git-content:0.1.0", sharedClaim: "shared-fs-pvc" };
const at = (content: RuntimeContent, mount: string, readOnly = true): MountedContent => ({
  content,
  mount,
  readOnly,
});
const git = storedContent({ secret: "git-secret", sha256: "b".repeat(64), subPath: "./week-1/" });
const nfs = storedContent({ type: "nfs", subPath: "datasets/public" }, { name: "public" });
const models = storedContent({ type: "nfs", subPath: "ai-models" }, { name: "models" });
const s3 = storedContent(
  { type: "s3", source: "landsat" },
  { name: "landsat", status: { claimName: "content-landsat-0123456789" } },
);

describe("the parts of contents", () => {
  it("of each type are as in their golden file", async () => {
    const mounted = [
      at(git, "/course"),
      at(nfs, "/public", false),
      at(models, "/models"),
      at(s3, "/landsat"),
    ];
    const text = stringify(contentParts(mounted, settings), { aliasDuplicateObjects: false, lineWidth: 110 });
    await expect(text).toMatchFileSnapshot("testdata/content-parts.golden.yaml");
  });

  it("are none without contents", () => {
    expect(contentParts([], settings)).toEqual({
      volumes: [],
      initContainers: [],
      volumeMounts: [],
      annotations: {},
    });
  });

  it("fetch a repository once that is mounted twice", () => {
    const { volumes, initContainers, volumeMounts } = contentParts(
      [at(git, "/a"), at(git, "/b", false)],
      settings,
    );
    expect(initContainers).toHaveLength(1);
    expect(volumes?.map(({ name }) => name)).toEqual(["content-0", "content-0-secret"]);
    expect(volumeMounts?.map(({ mountPath, readOnly }) => [mountPath, readOnly])).toEqual([
      ["/a", true],
      ["/b", undefined],
    ]);
  });

  it("show the credentials to the init container alone", () => {
    const { volumeMounts } = contentParts([at(git, "/a")], settings);
    expect(JSON.stringify(volumeMounts)).not.toContain("secret");
  });

  it("take a source with the name of a variable literally", () => {
    const content = storedContent({ source: "https://git.example.org/$(HOME).git" });
    const [container] = contentParts([at(content, "/a")], settings).initContainers ?? [];
    expect(container?.env?.find(({ name }) => name === "DATALAYER_CONTENT_SOURCE")?.value).toBe(
      "https://git.example.org/$$(HOME).git",
    );
  });
});
