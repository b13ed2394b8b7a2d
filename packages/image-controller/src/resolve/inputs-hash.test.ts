import { describe, expect, it } from "vitest";
import { commit, digest, type PartialSpec, storedImage } from "../../test/builders.ts";
import type { PinnedSource } from "../engines/engine.ts";
import { wish } from "../image/names.ts";
import { type HashedParts, inputsHash } from "./inputs-hash.ts";

const context: PinnedSource = { kind: "context", context: { dockerfile: "FROM scratch\n", files: [] } };
const git: PinnedSource = {
  kind: "git",
  url: "https://git.example/a",
  revision: commit,
  subPath: undefined,
  dockerfile: "Dockerfile",
  secret: undefined,
};
const parts: HashedParts = {
  source: context,
  tree: undefined,
  bases: [{ name: "r.example/a:1", digest: digest("a") }],
  engine: ["buildkit", "builder:1"],
  sbomGeneratorImage: undefined,
  dockerRegistry: undefined,
};
const hashOf = (spec: PartialSpec = {}, more: Partial<HashedParts> = {}): string =>
  inputsHash(storedImage(spec), { ...parts, ...more });

describe("the hash of inputs", () => {
  it("is always the same", () => {
    // Another hash would have every Image of every installation built anew.
    expect(hashOf()).toBe("6485f3c3c0e6783df38ed33f8e5d92b3f7b9af4aaca677f758d138a2c4c635ba");
  });

  it.each<[string, PartialSpec]>([
    ["tags", { output: { tags: ["a", "b"], tagTemplate: "{hash}" } }],
    ["the repository", { output: { repository: "r.example/elsewhere" } }],
    ["resources", { build: { resources: { memory: "8Gi" }, timeout: "2h" } }],
    ["retention and history", { retention: { keep: 1 }, history: { failed: 1 } }],
    ["triggers", { triggers: { git: { interval: "1h" } } }],
    ["policy", { policy: { concurrency: "Serial", retries: 0 } }],
    ["the cache", { cache: { mode: "max" } }],
    ["what is the default anyway", { output: { compression: "gzip" }, attest: { provenance: "min" } }],
  ])("does not depend on %s", (_, spec) => {
    expect(hashOf(spec)).toBe(hashOf());
  });

  it.each<[string, PartialSpec, Partial<HashedParts>?]>([
    ["arguments", { build: { args: [{ name: "A", value: "1" }] } }],
    ["the names of secrets", { build: { secrets: [{ id: "a", name: "s", key: "k" }] } }],
    ["the stage", { build: { target: "final" } }],
    ["platforms", { build: { platforms: ["linux/arm64"] } }],
    ["labels", { output: { labels: [{ name: "a", value: "1" }] } }],
    ["compression", { output: { compression: "zstd" } }],
    ["the time of its files", { output: { sourceDateEpoch: 1 } }],
    ["attestations", { attest: { provenance: "off" } }],
    ["a word", { triggers: { nonce: "1" } }],
    ["the Dockerfile", {}, { source: { kind: "context", context: { dockerfile: "FROM a\n", files: [] } } }],
    ["base images", {}, { bases: [{ name: "r.example/a:1", digest: digest("b") }] }],
    ["the builder", {}, { engine: ["buildkit", "builder:2"] }],
  ])("depends on %s", (_, spec, more) => {
    expect(hashOf(spec, more)).not.toBe(hashOf());
  });

  it("does not depend on the order of what has none", () => {
    const args = [
      { name: "A", value: "1" },
      { name: "B", value: "2" },
    ];
    const reversed = hashOf({
      build: { args: args.toReversed(), platforms: ["linux/arm64", "linux/amd64"] },
    });
    expect(hashOf({ build: { args, platforms: ["linux/amd64", "linux/arm64"] } })).toBe(reversed);
    const bases = [...parts.bases, { name: "r.example/b:1", digest: digest("b") }];
    expect(hashOf({}, { bases })).toBe(hashOf({}, { bases: bases.toReversed() }));
  });

  it("goes by the folder of a repository, whatever the commit and the address", () => {
    const before = hashOf({}, { source: git, tree: "t" });
    const elsewhere = { ...git, revision: "d".repeat(40), url: "https://mirror.example/a" };
    expect(hashOf({}, { source: elsewhere, tree: "t" })).toBe(before);
    expect(hashOf({}, { source: git, tree: "u" })).not.toBe(before);
    expect(hashOf({}, { source: { ...git, dockerfile: "other" }, tree: "t" })).not.toBe(before);
  });

  it("does not depend on where the registry of the operator is, but on what the author of a Dockerfile wrote", () => {
    const at = (dockerRegistry: string): Partial<HashedParts> => ({
      source: { kind: "context", context: { dockerfile: `FROM ${dockerRegistry}/a:1\n`, files: [] } },
      bases: [{ name: `${dockerRegistry}/a:1`, digest: digest("a") }],
      engine: ["buildkit", `${dockerRegistry}/builder:1`],
      sbomGeneratorImage: `${dockerRegistry}/scanner:1`,
      dockerRegistry,
    });
    const compiled: PartialSpec = {
      source: { environment: { base: "${DATALAYER_DOCKER_REGISTRY}/a:1" } },
    };
    const [here, there] = [at("10.0.0.1:5000"), at("registry.example/team")];
    expect(hashOf(compiled, there)).toBe(hashOf(compiled, here));
    expect(hashOf({}, there)).not.toBe(hashOf({}, here));
    expect(hashOf(compiled, { ...there, dockerRegistry: undefined })).not.toBe(hashOf(compiled, there));
  });

  it("depends on the wish of a caller for a new build", () => {
    const image = storedImage();
    image.metadata.annotations = { [wish.nonce]: "1", unrelated: "x" };
    expect(inputsHash(image, parts)).not.toBe(hashOf());
  });
});
