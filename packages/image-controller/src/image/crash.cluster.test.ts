import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { dropBefore, hold } from "@datalayer/devcluster/testkit/fault-proxy";
import { Image } from "@datalayer/shared/crds/image";
import { deleteIfThere } from "@datalayer/shared/kube/delete-if-there";
import { ConfigMap, Job, Lease, Pod } from "@datalayer/shared/kube/kinds";
import { beforeAll, describe, expect, it } from "vitest";
import { type Harness, hashOf, startHarness } from "../../test/harness.ts";
import { end } from "../../test/kubelet.ts";
import type { TestReplica } from "../../test/test-replica.ts";
import { buildTag, component, label } from "./names.ts";

let harness: Harness;
let replica: TestReplica;
let started = 0;

beforeAll(async () => {
  harness = await startHarness();
  await startReplica();
});

async function startReplica(): Promise<void> {
  replica = await harness.startReplica(`replica-${++started}`);
}

/** Kills the replica for good: the next one need not wait until its lease has run out. */
async function kill(): Promise<void> {
  await replica.kill();
  const ref = { namespace: harness.namespace, name: "image-controller" };
  const { metadata } = await harness.admin.get(Lease, ref);
  await deleteIfThere(harness.admin, Lease, metadata);
}

const builds = new Map<string, Promise<void>>();

/** Runs the builds of an Image, as nodes do whether or not a controller is there. */
async function runBuilds(name: string): Promise<void> {
  for (const job of await harness.jobs(name)) {
    const { uid } = job.metadata;
    const running = builds.get(uid) ?? runBuild(job);
    builds.set(uid, running);
    await running;
  }
}

async function runBuild(job: Job): Promise<void> {
  await end(harness.admin, job, { message: await harness.push(job) });
}

/** Waits until an Image is published, while its builds run. */
async function published(name: string): Promise<Image> {
  await eventually(
    async () => {
      await runBuilds(name);
      const { status, metadata } = await harness.image(name);
      return status?.phase === "Ready" && status.observedGeneration === metadata.generation;
    },
    { timeoutMs: 40_000, message: `${name} being published` },
  );
  return harness.image(name);
}

/** What there has to be in the end, whatever happened on the way. */
async function expectOneBuild(name: string): Promise<void> {
  const { status, metadata } = await harness.image(name);
  const [job, ...others] = await harness.jobs(name);
  expect(others).toEqual([]);
  const digest = await harness.repository(name).digest(buildTag(hashOf(job!)));
  expect(status?.image).toBe(`${harness.registryProxy.host}/${name}@${digest}`);
  expect(await harness.repository(name).digest("latest")).toBe(digest);
  expect(status?.published).toHaveLength(1);
  expect(status?.history?.map(({ reason }) => reason)).toEqual(["Succeeded"]);
  const selection = { namespace: harness.namespace, labelSelector: `${label.image}=${metadata.uid}` };
  const ofInputs = `${selection.labelSelector},${label.component}=${component.inputs}`;
  const inputs = { ...selection, labelSelector: ofInputs };
  await eventually(async () => (await harness.admin.list(ConfigMap, inputs)).items.length === 0, {
    message: "no inputs being left",
  });
  expect((await harness.admin.list(Pod, selection)).items).toHaveLength(1);
}

/** Kills the replica after so many writes, and before the next one; false when it needs no further write. */
async function killedAfter(writes: number, name: string): Promise<boolean> {
  const sinceMs = performance.now();
  const rule = {
    client: replica.name,
    verb: ["create", "patch", "update", "delete"],
    resource: ["configmaps", "jobs", "images", "images/status"],
  } as const;
  const last = harness.proxy.inject({ ...rule, nth: writes, act: hold("reply") });
  const next = harness.proxy.inject({ ...rule, nth: writes + 1, times: Infinity, act: dropBefore() });
  await harness.createImage(name);
  const isReached = await Promise.race([
    last.struck().then(() => true),
    published(name).then(
      () => false,
      () => true,
    ),
  ]);
  if (isReached) {
    await eventually(
      () => harness.proxy.log.writes({ ...rule, sinceMs })[writes - 1]?.upstreamStatus !== undefined,
      { message: `write ${writes} being carried out` },
    );
    await kill();
  }
  last.remove();
  next.remove();
  return isReached;
}

describe("a replica that is killed", () => {
  it("after any of its writes leaves what the next one finishes, with one build and one digest", async () => {
    for (let writes = 1; ; writes++) {
      const name = `writes-${writes}`;
      const wasKilled = await killedAfter(writes, name);
      if (wasKilled) await startReplica();
      await published(name);
      await expectOneBuild(name);
      if (wasKilled) continue;
      // Finalizer, inputs, Job, and the statuses of a build and of its end.
      expect(writes).toBeGreaterThan(5);
      return;
    }
  }, 240_000);

  it("after it has moved the first of two tags leaves the other to the next one", async () => {
    const name = "between-tags";
    const path = new RegExp(`/${name}/manifests/second`);
    const fault = harness.registryProxy.inject({ method: "PUT", path, act: { kind: "break" } });
    await harness.createImage(name, { output: { tags: ["first", "second"] } });
    const job = await harness.job(name);
    await runBuild(job);
    await harness.phase(name, "Publishing");
    await kill();
    fault.remove();
    await startReplica();
    const { status } = await harness.phase(name, "Ready");
    expect(status?.tags).toEqual(["first", "second"]);
    expect(await harness.repository(name).digest("second")).toBe(
      await harness.repository(name).digest("first"),
    );
    expect(await harness.jobs(name)).toHaveLength(1);
  });

  it("while an Image waits for its turn leaves it waiting", async () => {
    await kill();
    replica = await harness.startReplica(`replica-${++started}`, {
      settings: { DATALAYER_IMAGES_MAX_BUILDS: "1" },
    });
    await harness.createImage("ahead");
    await harness.job("ahead");
    await harness.createImage("behind");
    await harness.phase("behind", "Queued");
    await kill();
    await startReplica();
    await published("ahead");
    await published("behind");
    await expectOneBuild("behind");
  });

  it("while an Image is deleted leaves its end to the next one", async () => {
    await harness.createImage("going");
    const job = await harness.job("going");
    await kill();
    await harness.deleteImage("going");
    await startReplica();
    const isGone = (read: Promise<unknown>): Promise<boolean> =>
      read.then(
        () => false,
        () => true,
      );
    await eventually(() => isGone(harness.image("going")), { timeoutMs: 40_000 });
    await eventually(() => isGone(harness.admin.get(Job, job.metadata)));
  });
});

describe("a hundred Images", () => {
  const count = 100;
  const atOnce = 10;

  it("are each published from one build, though the replica is killed after every ten", async () => {
    const names = Array.from({ length: count }, (_, index) => `of-many-${index}`);
    const selection = { namespace: harness.namespace };
    const phases = async (): Promise<(string | undefined)[]> => {
      const { items } = await harness.admin.list(Image, selection);
      const many = items.filter(({ metadata }) => names.includes(metadata.name));
      await Promise.all(many.map(({ metadata }) => runBuilds(metadata.name)));
      return many.map(({ status }) => status?.phase);
    };
    const areReady = (least: number) =>
      eventually(async () => (await phases()).filter((phase) => phase === "Ready").length >= least, {
        timeoutMs: 120_000,
        message: `${least} Images being published`,
      });
    for (let created = 0; created < count; created += atOnce) {
      await Promise.all(names.slice(created, created + atOnce).map((name) => harness.createImage(name)));
      // Some are published then, and others are anywhere on their way.
      await areReady(created + atOnce / 2);
      await kill();
      await startReplica();
    }
    await areReady(count);
    for (const name of names) await expectOneBuild(name);
  }, 400_000);
});
