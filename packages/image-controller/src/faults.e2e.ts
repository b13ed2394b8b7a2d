import { eventually } from "@datalayer/devcluster/testkit/eventually";
import type { BuildStatus, ImageBuild } from "@datalayer/shared/crds/image";
import { deleteIfThere } from "@datalayer/shared/kube/delete-if-there";
import { Job, Lease } from "@datalayer/shared/kube/kinds";
import { beforeAll, describe, expect, it } from "vitest";
import { type RealBuilds, startRealBuilds } from "../test/real-builds.ts";
import { RegistryProxy } from "../test/registry-proxy.ts";
import type { TestReplica } from "../test/test-replica.ts";
import { buildTag, label } from "./image/names.ts";
import { podOf } from "./logs/attempt.ts";

let real: RealBuilds;
let registry: RegistryProxy;
let replica: TestReplica;
/** What the Dockerfiles build on. */
let debian: string;

beforeAll(async () => {
  real = await startRealBuilds();
  debian = `${real.host}/datalayer/debian:bookworm`;
  registry = await RegistryProxy.start(real.host, real.host.replace(/:.*/, ""));
  replica = await launch("first");
});

function launch(name: string): Promise<TestReplica> {
  const plain = [real.host, registry.host].join(",");
  return real.launch({ DATALAYER_IMAGES_PLAIN_REGISTRIES: plain }, name);
}

/** Creates an Image of one command, which is published through the proxy. */
async function create(name: string, command: string, build: ImageBuild = {}): Promise<void> {
  const dockerfile = `FROM ${debian}\nRUN ${command}\n`;
  const output = { repository: `${registry.host}/${name}` };
  await real.create(name, { source: { inline: { dockerfile } }, build, output });
}

/** Waits for the end of an attempt, which is to be tried again; nothing of it is published. */
async function failed(name: string, reason: string): Promise<BuildStatus> {
  const { status } = await real.phase(name, "BackingOff");
  expect(status?.build).toMatchObject({ reason, attempt: 1 });
  expect(status?.conditions?.find(({ type }) => type === "Ready")).toMatchObject({ status: "False", reason });
  expect(status?.history?.map((one) => one.reason)).toEqual([reason]);
  expect(status?.image).toBeUndefined();
  expect(await digestOf(name, "latest")).toBeUndefined();
  return status?.build ?? {};
}

/** Waits until it is published: one build of the inputs, which the tag of the inputs names as well. */
async function published(name: string): Promise<BuildStatus> {
  const { status } = await real.phase(name, "Ready");
  const { inputsHash = "" } = status ?? {};
  expect(status?.published).toMatchObject([{ inputsHash, tags: ["latest"] }]);
  expect(status?.image).toBe(`${registry.host}/${name}@${await digestOf(name, "latest")}`);
  expect(await digestOf(name, buildTag(inputsHash))).toBe(status?.indexDigest);
  return status?.build ?? {};
}

function digestOf(repository: string, reference: string): Promise<string | undefined> {
  return real.registries.repository({ host: real.host, repository }).digest(reference);
}

async function jobsOf(name: string): Promise<Job[]> {
  const { metadata } = await real.image(name);
  const { namespace } = real;
  return (await real.admin.list(Job, { namespace, labelSelector: `${label.image}=${metadata.uid}` })).items;
}

/** Keeps the last request of a push of this repository, which has the tag name the image, from the registry. */
function holdPush(repository: string): { struck: () => Promise<boolean>; release: () => void } {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const path = new RegExp(`^/v2/${repository}/manifests/h-`);
  const fault = registry.inject({ method: "PUT", path, act: { kind: "hold", until: promise } });
  const struck = () =>
    eventually(() => fault.strikes > 0, { timeoutMs: 120_000, message: `the push of ${repository}` });
  return { struck, release: () => resolve(undefined) };
}

async function deleteJob(name: string): Promise<void> {
  const [job] = await jobsOf(name);
  await deleteIfThere(real.admin, Job, job!.metadata, { propagationPolicy: "Background" });
}

async function evict(name: string, { job = "" }: BuildStatus): Promise<void> {
  const pod = await podOf({ image: await real.image(name), name: job }, real.admin);
  const { namespace, name: podName } = pod!.metadata;
  const body = { apiVersion: "policy/v1", kind: "Eviction", metadata: { namespace, name: podName } };
  const path = `/api/v1/namespaces/${namespace}/pods/${podName}/eviction`;
  await real.admin.raw({ method: "POST", path, body: JSON.stringify(body) });
}

describe("a build on a real node", () => {
  it.each<[string, string, string, ImageBuild]>([
    [
      "needs more memory than it may use",
      "OutOfMemory",
      "head -c 2G /dev/zero | tail > /dev/null",
      { resources: { memory: "512Mi" } },
    ],
    [
      "needs more disk than it may use",
      "OutOfDisk",
      "head -c 1G /dev/zero > /large && sleep 600",
      { resources: { storage: "768Mi" } },
    ],
  ])("that %s is tried again: %s", async (_, reason, command, build) => {
    const name = reason.toLowerCase();
    await create(name, command, build);
    await failed(name, reason);
    await real.remove(name);
  });

  it("that is evicted is tried again", async () => {
    await create("evicted", "echo has-begun && sleep 600");
    await evict("evicted", await real.said("evicted", "has-begun"));
    await failed("evicted", "Evicted");
    // By then its Pod, which said so, is gone.
    const { status } = await real.phase("evicted", "Building");
    expect(status?.build?.attempt).toBe(2);
    expect(status?.history?.map(({ reason }) => reason)).toEqual(["Evicted"]);
    await real.remove("evicted");
  });

  it("whose Job somebody deletes while it pushes is published once, whatever arrives late", async () => {
    const push = holdPush("deleted");
    await create("deleted", "true");
    await push.struck();
    await deleteJob("deleted");
    await failed("deleted", "JobLost");
    push.release();
    await published("deleted");
  });

  it.each([429, 500])(
    "to which the registry answers %i at the end of its push is tried again",
    async (status) => {
      const name = `answered-${status}`;
      const path = new RegExp(`^/v2/${name}/manifests/h-`);
      const fault = registry.inject({ method: "PUT", path, act: { kind: "answer", status } });
      await create(name, "true");
      await failed(name, "PushUnavailable");
      expect(fault.strikes).toBeGreaterThan(0);
      fault.remove();
      expect(await published(name)).toMatchObject({ attempt: 2 });
    },
  );

  it("is published by the next controller when the first is killed while it pushes", async () => {
    const push = holdPush("orphaned");
    await create("orphaned", "true");
    await push.struck();
    await kill();
    push.release();
    const done = async () => (await jobsOf("orphaned")).every(({ status }) => status?.succeeded === 1);
    await eventually(done, { timeoutMs: 60_000, message: "the end of the build" });
    expect(await digestOf("orphaned", "latest")).toBeUndefined();
    await launch("second");
    expect(await published("orphaned")).toMatchObject({ attempt: 1, reason: "Succeeded" });
    expect(await jobsOf("orphaned")).toHaveLength(1);
  });
});

/** For good: the next one need not wait until its lease has run out. */
async function kill(): Promise<void> {
  await replica.kill();
  const { namespace, admin } = real;
  const { metadata } = await admin.get(Lease, { namespace, name: "image-controller" });
  await deleteIfThere(admin, Lease, metadata);
}
