import { startTestRegistry, type TestRegistry } from "@datalayer/devcluster/testkit/registry";
import type { Image, ImageSpec, PublishedBuild } from "@datalayer/shared/crds/image";
import type { KubeObject } from "@datalayer/shared/kube/object";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { storedImage } from "../../test/builders.ts";
import { pushImage, type PushedImage } from "../../test/push-image.ts";
import { type FaultHandle, type RegistryFault, RegistryProxy } from "../../test/registry-proxy.ts";
import { cacheTag } from "../engines/buildkit/arguments.ts";
import { buildTag } from "../image/names.ts";
import { parseRepository } from "../registry/reference.ts";
import { Registries } from "../registry/registry.ts";
import type { Repository } from "../registry/repository.ts";
import { retain, type RetentionOutcome } from "./retain.ts";

let registry: TestRegistry;
let proxy: RegistryProxy;
let registries: Registries;
const nowMs = Date.parse("2026-02-01T00:00:00Z");

beforeAll(async () => {
  registry = await startTestRegistry();
  proxy = await RegistryProxy.start(registry.host);
  registries = new Registries({ plainHosts: [registry.host, proxy.host] });
});
afterAll(() => registries.close());

const open = (name: string): Repository => registries.repository(parseRepository(name)!);
const hashOf = (name: string): string => Buffer.from(name).toString("hex").padEnd(64, "0");

/** Pushes a build as BuildKit does, and says what the status says of it. */
async function build(
  repository: string,
  name: string,
  image: PushedImage = {},
): Promise<PublishedBuild & { digest: string }> {
  const inputsHash = hashOf(name);
  const [host = "", ...path] = repository.split("/");
  const target = { host: host === proxy.host ? registry.host : host, repository: path.join("/") };
  const pushed = await pushImage(target, buildTag(inputsHash), { layer: name, ...image });
  const digest = pushed.manifests[0]!;
  return {
    repository,
    inputsHash,
    digest,
    ...(pushed.digest !== digest && { indexDigest: pushed.digest }),
    publishedAt: "2026-01-01T00:00:00Z",
  };
}

/** The Image that has these builds, the newest first. */
function imageOf(
  published: PublishedBuild[],
  retention: NonNullable<ImageSpec["retention"]>,
  { name = "jupyter", isGoing = false } = {},
): Image {
  const [newest] = published;
  const image = `${newest?.repository}@${newest?.digest}`;
  const made = storedImage({ retention }, { name, status: { image, published } });
  if (isGoing) made.metadata.deletionTimestamp = "2026-02-01T00:00:00Z";
  return made;
}

function keep(
  image: Image,
  more: { images?: Image[]; others?: KubeObject[] } = {},
): Promise<RetentionOutcome> {
  const users = { images: [image, ...(more.images ?? [])], others: more.others ?? [] };
  return retain(image, { users, nowMs, open });
}

async function has(repository: string, ...references: (string | undefined)[]): Promise<boolean[]> {
  const found = references.map((one) => open(repository).digest(one ?? "absent"));
  return (await Promise.all(found)).map((digest) => digest !== undefined);
}

describe("retention in a real registry", () => {
  it("deletes what is too many, with its index, its attestations and its tags, and leaves the rest", async () => {
    const name = `${registry.host}/keep/attested`;
    const [one, two] = [
      await build(name, "one", { attested: true }),
      await build(name, "two", { attested: true }),
    ];
    const old = (await open(name).manifest(one.indexDigest!))!;
    const attestation = old.content.kind === "index" ? old.content.manifests.at(-1)?.digest : undefined;
    await open(name).put("v1", (await open(name).manifest(one.digest))!);
    const outcome = await keep(imageOf([two, one], { keep: 1 }));
    expect(outcome).toEqual({ dropped: [one] });
    expect(await has(name, one.indexDigest, one.digest, "v1", buildTag(one.inputsHash))).toEqual([
      false,
      false,
      false,
      false,
    ]);
    // Both builds have the same statement: it stays with the one that stays.
    expect(await has(name, two.indexDigest, two.digest, attestation)).toEqual([true, true, true]);
  });

  it("does the same again without harm", async () => {
    const name = `${registry.host}/keep/again`;
    const [one, two] = [await build(name, "one"), await build(name, "two")];
    const image = imageOf([two, one], { keep: 1 });
    expect(await keep(image)).toEqual({ dropped: [one] });
    expect(await keep(image)).toEqual({ dropped: [one] });
    expect(await has(name, two.digest)).toEqual([true]);
  });

  it("leaves what is built of the same content as one that stays", async () => {
    const name = `${registry.host}/keep/same`;
    const content = { layer: "the same" };
    const [one, two] = [
      await build(name, "one", { ...content, attested: true, platforms: ["linux/amd64", "linux/arm64"] }),
      await build(name, "two", content),
    ];
    expect(one.digest).toBe(two.digest);
    await keep(imageOf([two, one], { keep: 1 }));
    expect(await has(name, one.indexDigest, two.digest)).toEqual([false, true]);
  });

  it("leaves a build of which the image of one platform runs", async () => {
    const name = `${registry.host}/keep/platforms`;
    const one = await build(name, "one", { platforms: ["linux/amd64", "linux/arm64"] });
    const index = (await open(name).manifest(one.indexDigest!))!;
    const second = index.content.kind === "index" ? index.content.manifests[1]!.digest : "";
    const two = await build(name, "two");
    const environment = {
      apiVersion: "datalayer.io/v1",
      kind: "RuntimeEnvironment",
      spec: `${name}@${second}`,
    };
    const others = [{ ...environment, metadata: storedImage().metadata }];
    const indexed = { ...one, digest: one.indexDigest! };
    expect(await keep(imageOf([two, indexed], { keep: 1 }), { others })).toEqual({ dropped: [] });
    expect(await has(name, one.indexDigest, second)).toEqual([true, true]);
  });

  it("leaves what a protected tag names, also one that was set by hand", async () => {
    const name = `${registry.host}/keep/protected`;
    const [one, two, three] = [
      await build(name, "one"),
      await build(name, "two"),
      await build(name, "three"),
    ];
    await open(name).put("release-1", (await open(name).manifest(one.digest))!);
    const image = imageOf([three, two, one], { keep: 1, protect: ["release-*"] });
    expect(await keep(image)).toEqual({ dropped: [two] });
    expect(await has(name, "release-1", two.digest)).toEqual([true, false]);
  });

  it("leaves what another Image has in the same repository", async () => {
    const name = `${registry.host}/keep/shared`;
    const [one, two] = [await build(name, "one"), await build(name, "two")];
    const other = imageOf([one], {}, { name: "other" });
    expect(await keep(imageOf([two, one], { keep: 1 }), { images: [other] })).toEqual({ dropped: [] });
    expect(await has(name, one.digest)).toEqual([true]);
  });

  it("leaves the layers that later builds begin with", async () => {
    const name = `${registry.host}/keep/cache`;
    const [one, two] = [await build(name, "one"), await build(name, "two")];
    await open(name).put(cacheTag, (await open(name).manifest(one.digest))!);
    await keep(imageOf([two, one], { keep: 1 }));
    expect(await has(name, cacheTag)).toEqual([true]);
  });
});

describe("an Image that is deleted", () => {
  const isGoing = true;

  it("leaves its builds, unless told otherwise", async () => {
    const name = `${registry.host}/gone/kept`;
    const one = await build(name, "one");
    expect(await keep(imageOf([one], { keep: 1 }, { isGoing }))).toEqual({ dropped: [] });
    expect(await has(name, one.digest)).toEqual([true]);
  });

  it("takes all with it, in every repository, with the cache and what was not verified yet", async () => {
    const [first, second] = [`${registry.host}/gone/first`, `${registry.host}/gone/second`];
    const [one, two] = [await build(first, "one"), await build(second, "two")];
    await pushImage({ host: registry.host, repository: "gone/second" }, cacheTag, { layer: "cache" });
    const { digest, ...pushed } = await build(second, "three");
    const image = imageOf([pushed, two, one], { onDelete: "Delete" }, { isGoing });
    expect((await keep(image)).dropped).toHaveLength(3);
    expect(await has(first, one.digest)).toEqual([false]);
    expect(await has(second, two.digest, digest, cacheTag)).toEqual([false, false, false]);
  });

  it("leaves what runs, and the cache of others", async () => {
    const name = `${registry.host}/gone/used`;
    const [one, two] = [await build(name, "one"), await build(name, "two")];
    await pushImage({ host: registry.host, repository: "gone/used" }, cacheTag, { layer: "cache" });
    const other = imageOf([one], {}, { name: "other" });
    const image = imageOf([two, one], { onDelete: "Delete" }, { isGoing });
    expect(await keep(image, { images: [other] })).toEqual({ dropped: [two] });
    expect(await has(name, one.digest, cacheTag)).toEqual([true, true]);
  });
});

describe("a registry on a bad day", () => {
  const faults: FaultHandle[] = [];
  const inject = (fault: RegistryFault): FaultHandle => {
    const handle = proxy.inject(fault);
    faults.push(handle);
    return handle;
  };

  it("has it done the next time, also what was done when the answer was lost", async () => {
    const name = `${proxy.host}/faults/lost`;
    const [one, two] = [await build(name, "one", { attested: true }), await build(name, "two")];
    const image = imageOf([two, one], { keep: 1 });
    inject({ method: "DELETE", times: 1, act: { kind: "break-after" } });
    await expect(keep(image)).rejects.toMatchObject({ failure: "unavailable" });
    expect(await keep(image)).toEqual({ dropped: [one] });
    expect(await has(name, one.digest, one.indexDigest, two.digest)).toEqual([false, false, true]);
  });

  it("says why it does not delete", async () => {
    const name = `${proxy.host}/faults/disabled`;
    const [one, two] = [await build(name, "one"), await build(name, "two")];
    const body = '{"errors":[{"code":"UNSUPPORTED","message":"deletes are disabled"}]}';
    const fault = inject({ method: "DELETE", act: { kind: "answer", status: 405, body } });
    const { dropped, refused } = await keep(imageOf([two, one], { keep: 1 }));
    fault.remove();
    expect({ dropped, refused }).toEqual({
      dropped: [],
      refused: expect.stringMatching(/405.*deletes are disabled/) as string,
    });
    expect(await has(name, one.digest)).toEqual([true]);
  });

  it("loses nothing while it cannot say what there is", async () => {
    const name = `${proxy.host}/faults/away`;
    const [one, two] = [await build(name, "one", { attested: true }), await build(name, "two")];
    const fault = inject({ method: "GET", act: { kind: "answer", status: 500 } });
    const before = proxy.seen("DELETE", /faults\/away/).length;
    await expect(keep(imageOf([two, one], { keep: 1 }))).rejects.toMatchObject({ failure: "unavailable" });
    fault.remove();
    expect(proxy.seen("DELETE", /faults\/away/)).toHaveLength(before);
    expect(await has(name, one.digest, one.indexDigest, two.digest)).toEqual([true, true, true]);
  });
});
