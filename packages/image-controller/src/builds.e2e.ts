import { Job } from "@datalayer/shared/kube/kinds";
import { beforeAll, describe, expect, it } from "vitest";
import type { PartialSpec } from "../test/builders.ts";
import { packageSources, type RealBuilds, startRealBuilds } from "../test/real-builds.ts";

describe("given a real node", () => {
  let real: RealBuilds;

  beforeAll(async () => {
    real = await startRealBuilds();
    await packageSources(real, { "pip.conf": real.pipConf });
    await real.launch();
  });

  const environment = (): PartialSpec => ({
    source: { environment: { base: `${real.host}/datalayer/python:3.11`, pip: ["humanize==4.17.0"] } },
  });

  it("builds an environment without root, and names the digest that the registry holds", async () => {
    const { image, tookMs } = await real.build("environment", environment());
    process.stderr.write(`an environment from nothing to Ready in ${tookMs} ms\n`);
    const { status } = image;
    const repository = real.registries.repository({ host: real.host, repository: "environment" });
    const digest = await repository.digest("latest");
    expect(status?.image).toBe(`${real.host}/environment@${digest}`);
    expect(await repository.digest(status?.indexDigest ?? "")).toBe(status?.indexDigest);
    expect(status?.build).toMatchObject({ reason: "Succeeded", attempt: 1 });
    const code = "import humanize; print(humanize.intcomma(1234567))";
    expect(await real.outputOf("use", status?.image ?? "", ["python3", "-c", code])).toBe("1,234,567\n");
  });

  it("makes no Pod for a build that the registry has already", async () => {
    const spec = { ...environment(), output: { repository: `${real.host}/environment`, tags: ["again"] } };
    const { image, tookMs } = await real.build("again", spec);
    process.stderr.write(`the same inputs from nothing to Ready in ${tookMs} ms\n`);
    const first = await real.phase("environment", "Ready");
    expect(image.status?.image).toBe(first.status?.image);
    const { items } = await real.admin.list(Job, { namespace: real.namespace });
    expect(items.map(({ metadata }) => metadata.ownerReferences?.[0]?.name)).toEqual(["environment"]);
  });

  it("says why a build failed, with the end of its log", async () => {
    const dockerfile = `FROM ${real.host}/datalayer/debian:bookworm\nRUN echo about to fail && exit 7\n`;
    await real.create("failing", { source: { inline: { dockerfile } } });
    const { status } = await real.phase("failing", "Stalled");
    expect(status?.build).toMatchObject({ reason: "BuildFailed", attempt: 1 });
    expect(status?.build?.logTail).toContain("exit code: 7");
  });
});
