import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { ConfigMap, Job } from "@datalayer/shared/kube/kinds";
import { beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "../../test/harness.ts";
import { end, start } from "../../test/kubelet.ts";
import { component, label } from "../image/names.ts";

let harness: Harness;

beforeAll(async () => {
  harness = await startHarness();
  await harness.startReplica("first");
});

async function recordsOf(name: string): Promise<string[]> {
  const { metadata } = await harness.image(name);
  const labelSelector = `${label.component}=${component.record},${label.image}=${metadata.uid}`;
  const { items } = await harness.admin.list(ConfigMap, { namespace: harness.namespace, labelSelector });
  return items.map((record) => record.metadata.name);
}

describe("the image-controller", () => {
  it("keeps a record of each build that ends, well or not, and of none that runs", async () => {
    await harness.createImage("recorded", { policy: { retries: 5 } });
    const first = await harness.job("recorded");
    await start(harness.admin, first);
    await harness.phase("recorded", "Building");
    expect(await recordsOf("recorded")).toEqual([]);
    await end(harness.admin, first, { exitCode: 1, podReason: "Evicted", podMessage: "low on memory" });
    const record = `${first.metadata.name}-record`;
    await eventually(async () => (await recordsOf("recorded")).includes(record), {
      timeoutMs: 40_000,
      message: "the record of the first attempt",
    });
    const second = await harness.job("recorded", { attempt: 2 });
    const digest = await harness.push(second);
    await end(harness.admin, second, { message: digest });
    await eventually(async () => (await recordsOf("recorded")).length === 2, {
      timeoutMs: 40_000,
      message: "the record of the second attempt",
    });
    await harness.admin.delete(Job, first.metadata, {
      uid: first.metadata.uid,
      propagationPolicy: "Background",
    });
    await harness.phase("recorded", "Ready");
    expect(await recordsOf("recorded")).toContain(record);
  });
});
