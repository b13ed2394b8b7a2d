import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { Image } from "@datalayer/shared/crds/image";
import { Job } from "@datalayer/shared/kube/kinds";
import { limitNamespace } from "@datalayer/shared/kube/testkit/resource-quota";
import { beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "../../test/harness.ts";
import { end } from "../../test/kubelet.ts";

let harness: Harness;

beforeAll(async () => {
  harness = await startHarness({ namespaces: 2 });
  await harness.startReplica("queue", { settings: { DATALAYER_IMAGES_MAX_BUILDS: "2" } });
});

/** UIDs of the Jobs whose Pods have ended: the Jobs themselves say so a little later. */
const finished = new Set<string>();

const running = async (): Promise<Job[]> => {
  const lists = await Promise.all(
    harness.namespaces.map((namespace) => harness.admin.list(Job, { namespace })),
  );
  return lists.flatMap(({ items }) => items).filter(({ metadata }) => !finished.has(metadata.uid));
};

async function finish(job: Job): Promise<void> {
  const { uid, namespace, ownerReferences = [] } = job.metadata;
  finished.add(uid);
  await end(harness.admin, job, { message: await harness.push(job) });
  await harness.phase(ownerReferences[0]?.name ?? "", "Ready", { namespace });
}

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
    const [first] = await running();
    await finish(first!);
    await harness.job("single", { namespace: quiet });
    // Two of the busy one were under way before it came, and the next one waits for it.
    expect((await harness.admin.list(Job, { namespace: busy })).items).toHaveLength(2);
    for (let done = 1; done < 7; done++) {
      const jobs = await eventually(async () => {
        const now = await running();
        return now.length > 0 && now;
      });
      expect(jobs.length).toBeLessThanOrEqual(2);
      await finish(jobs[0]!);
    }
    expect((await harness.admin.list(Job, { namespace: busy })).items).toHaveLength(6);
  });
});

describe("Images whose Jobs are refused", () => {
  it("say so, wait until they are due again, and let others build meanwhile", async () => {
    const [full, other = ""] = harness.namespaces;
    const earlier = ["earlier-1", "earlier-2"];
    for (const name of earlier) await harness.createImage(name, {}, other);
    const jobs = await Promise.all(earlier.map((name) => harness.job(name, { namespace: other })));
    const names = ["refused-1", "refused-2", "refused-3"];
    for (const name of names) await harness.createImage(name);
    for (const name of names) await harness.phase(name, "Queued", { reason: "Queued" });
    await limitNamespace(harness.admin, full, { "count/jobs.batch": "0" });
    for (const job of jobs) await finish(job);
    for (const name of names) await harness.phase(name, "Queued", { reason: "JobRefused" });
    const refusals = () =>
      harness.proxy.log.select({
        verb: "create",
        resource: "jobs",
        namespace: full,
        where: ({ status }) => status === 403,
      }).length;
    const before = refusals();
    await harness.createImage("beside", {}, other);
    await finish(await harness.job("beside", { namespace: other }));
    // Each may be due again meanwhile; in a loop there would be hundreds.
    expect(refusals() - before).toBeLessThanOrEqual(names.length);
  });
});
