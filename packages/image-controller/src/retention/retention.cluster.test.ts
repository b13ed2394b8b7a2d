import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { type Image, Image as ImageKind } from "@datalayer/shared/crds/image";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { Pod } from "@datalayer/shared/kube/kinds";
import { beforeAll, describe, expect, it } from "vitest";
import { attemptOf, type Harness, hashOf, startHarness } from "../../test/harness.ts";
import { end } from "../../test/kubelet.ts";
import { buildTag } from "../image/names.ts";

let harness: Harness;

beforeAll(async () => {
  harness = await startHarness();
  await harness.startReplica("first");
});

/** Has an Image built once more, with another word of `triggers.nonce`; answers with what is published then. */
async function build(name: string, nonce?: string): Promise<{ tag: string; digest: string; image: Image }> {
  if (nonce !== undefined) await harness.editImage(name, { triggers: { nonce } });
  const before = await harness.image(name);
  const known = new Set(before.status?.published?.map(({ inputsHash }) => inputsHash));
  const job = await eventually(
    async () => (await harness.jobs(name)).find((one) => !known.has(hashOf(one)) || known.size === 0),
    { timeoutMs: 40_000, message: `a new build of ${name}` },
  );
  const digest = await harness.push(job);
  await end(harness.admin, job, { message: digest });
  const image = await eventually(
    async () => {
      const found = await harness.phase(name, "Ready");
      return found.status?.inputsHash === hashOf(job) && found;
    },
    { timeoutMs: 40_000, message: `build ${hashOf(job)} being published` },
  );
  return { tag: buildTag(hashOf(job)), digest, image };
}

const digestsIn = ({ status }: Image): (string | undefined)[] =>
  (status?.published ?? []).map(({ digest }) => digest);

describe("retention", () => {
  it("deletes older builds once a newer one is published, and takes them from the status", async () => {
    await harness.createImage("keep-two", { retention: { keep: 2 } });
    const first = await build("keep-two");
    const second = await build("keep-two", "second");
    const third = await build("keep-two", "third");
    expect(digestsIn(third.image)).toEqual([third.digest, second.digest]);
    const repository = harness.repository("keep-two");
    expect(await repository.digest(first.digest)).toBeUndefined();
    expect(await repository.digest(first.tag)).toBeUndefined();
    expect(await repository.digest(second.digest)).toBe(second.digest);
    expect(await repository.digest("latest")).toBe(third.digest);
  });

  it("builds anew what it has deleted, when that is wanted again", async () => {
    await harness.createImage("back", { retention: { keep: 1 }, triggers: { nonce: "one" } });
    const first = await build("back");
    await build("back", "two");
    expect(await harness.repository("back").digest(first.digest)).toBeUndefined();
    await harness.editImage("back", { triggers: { nonce: "one" } });
    const again = await eventually(
      async () =>
        (await harness.jobs("back")).find((job) => buildTag(hashOf(job)) === first.tag && attemptOf(job) > 1),
      { timeoutMs: 40_000, message: "the first inputs being built again" },
    );
    expect(attemptOf(again)).toBe(2);
  });

  it("leaves what a Pod runs", async () => {
    await harness.createImage("running", { retention: { keep: 1 } });
    const first = await build("running");
    const { namespace } = harness;
    await harness.admin.create(Pod, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { namespace, name: "runs-it" },
      spec: { containers: [{ name: "main", image: String(first.image.status?.image) }] },
    });
    const second = await build("running", "second");
    expect(digestsIn(second.image)).toEqual([second.digest, first.digest]);
    expect(await harness.repository("running").digest(first.digest)).toBe(first.digest);
  });
});

describe("an Image that is deleted", () => {
  async function isGone(name: string): Promise<void> {
    await eventually(
      () =>
        harness.image(name).then(
          () => false,
          (error: unknown) => error instanceof ApiError && error.isNotFound,
        ),
      { timeoutMs: 40_000, message: `Image ${name} being gone` },
    );
  }

  it("takes its builds with it where that is wanted", async () => {
    await harness.createImage("goes", { retention: { onDelete: "Delete" } });
    const { digest } = await build("goes");
    await harness.deleteImage("goes");
    await isGone("goes");
    expect(await harness.repository("goes").digest(digest)).toBeUndefined();
  });

  it("leaves them otherwise", async () => {
    await harness.createImage("leaves");
    const { digest } = await build("leaves");
    await harness.deleteImage("leaves");
    await isGone("leaves");
    expect(await harness.repository("leaves").digest("latest")).toBe(digest);
  });

  it("waits for a registry that does not answer", async () => {
    await harness.createImage("waits", { retention: { onDelete: "Delete" } });
    const { digest } = await build("waits");
    const fault = harness.registryProxy.inject({
      path: /\/waits\//,
      act: { kind: "answer", status: 503 },
    });
    await harness.deleteImage("waits");
    await eventually(() => fault.strikes > 0, { timeoutMs: 40_000, message: "the registry being asked" });
    const { metadata } = await harness.admin.get(ImageKind, { namespace: harness.namespace, name: "waits" });
    expect(metadata.deletionTimestamp).toBeDefined();
    fault.remove();
    await isGone("waits");
    expect(await harness.repository("waits").digest(digest)).toBeUndefined();
  });
});
