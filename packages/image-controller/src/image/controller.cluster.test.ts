import { beforeAll, describe, expect, it } from "vitest";
import { type Harness, hashOf, startHarness } from "../../test/harness.ts";
import { end, start } from "../../test/kubelet.ts";
import { buildTag } from "./names.ts";

let harness: Harness;

beforeAll(async () => {
  harness = await startHarness();
  await harness.startReplica("first");
});

describe("an Image", () => {
  it("is built, verified and published, and its status names what the registry holds", async () => {
    const base = await harness.pushBase("bases/first");
    await harness.createImage("first", { source: { inline: { dockerfile: `FROM ${base.name}\n` } } });
    const job = await harness.job("first");
    await harness.phase("first", "Building");
    await start(harness.admin, job);
    const digest = await harness.push(job);
    await end(harness.admin, job, { message: digest });
    const { status } = await harness.phase("first", "Ready");
    const repository = harness.repository("first");
    expect(status).toMatchObject({
      image: `${harness.registryProxy.host}/first@${digest}`,
      inputsHash: hashOf(job),
      tags: ["latest"],
      baseImages: [{ reference: base.name, digest: base.digest }],
      build: { job: job.metadata.name, attempt: 1, reason: "Succeeded", trigger: "Created" },
      history: [{ job: job.metadata.name, reason: "Succeeded" }],
      published: [{ inputsHash: hashOf(job), digest, tags: ["latest"] }],
    });
    expect(await repository.digest("latest")).toBe(digest);
    expect(await repository.digest(buildTag(hashOf(job)))).toBe(digest);
  });
});
