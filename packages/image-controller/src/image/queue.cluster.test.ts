import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { Image } from "@datalayer/shared/crds/image";
import { Job } from "@datalayer/shared/kube/kinds";
import { beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "../../test/harness.ts";
import { end } from "../../test/kubelet.ts";

let harness: Harness;

beforeAll(async () => {
  harness = await startHarness({ namespaces: 2 });
  await harness.startReplica("queue", { settings: { DATALAYER_IMAGES_MAX_BUILDS: "2" } });
});

const running = async (): Promise<Job[]> => {
  const lists = await Promise.all(
    harness.namespaces.map((namespace) => harness.admin.list(Job, { namespace })),
  );
  const all = lists.flatMap(({ items }) => items);
  return all.filter(({ status }) => !status?.conditions?.some(({ type }) => type === "Complete"));
};

const ownerOf = ({ metadata }: Job): string => metadata.ownerReferences?.[0]?.name ?? "";

describe("more Images than may be built at once", () => {
  it("are built in turns of their namespaces, so many at a time and none twice", async () => {
    const [busy, quiet = ""] = harness.namespaces;
    const many = Array.from({ length: 6 }, (_, index) => `many-${index}`);
    await Promise.all(many.map((name) => harness.createImage(name, {}, busy)));
    await eventually(async () => {
      const { items } = await harness.admin.list(Image, { namespace: busy });
      return items.filter(({ status }) => status?.phase === "Queued").length === 4;
    });
    await harness.createImage("single", {}, quiet);
    await harness.phase("single", "Queued", { namespace: quiet });
    const order: string[] = [];
    const most: number[] = [];
    while (order.length < 7) {
      const jobs = await running();
      most.push(jobs.length);
      const job = jobs.find((one) => !order.includes(ownerOf(one)));
      if (!job) continue;
      order.push(ownerOf(job));
      await end(harness.admin, job, { message: await harness.push(job) });
      await harness.phase(ownerOf(job), "Ready", { namespace: job.metadata.namespace });
    }
    expect(Math.max(...most)).toBe(2);
    // Two were under way before it came; it began when the first of them had ended.
    expect(order.indexOf("single")).toBeLessThanOrEqual(2);
    expect(order.toSorted()).toEqual([...many, "single"].toSorted());
  });
});
