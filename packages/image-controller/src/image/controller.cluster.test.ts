import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { Image } from "@datalayer/shared/crds/image";
import { deleteIfThere } from "@datalayer/shared/kube/delete-if-there";
import { ConfigMap, Job, Secret } from "@datalayer/shared/kube/kinds";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { attemptOf, type Harness, hashOf, startHarness } from "../../test/harness.ts";
import { end, podOf, start } from "../../test/kubelet.ts";
import type { FaultHandle, RegistryFault } from "../../test/registry-proxy.ts";
import { logIn } from "../logs/record.ts";
import { annotation, buildTag, recordName, wish } from "./names.ts";

let harness: Harness;
const faults: FaultHandle[] = [];

beforeAll(async () => {
  harness = await startHarness();
  await harness.startReplica("first");
});
afterEach(() => {
  for (const fault of faults.splice(0)) fault.remove();
});

function strike(fault: RegistryFault): FaultHandle {
  const handle = harness.registryProxy.inject(fault);
  faults.push(handle);
  return handle;
}

/** Has an Image built and published; answers with the Job and the digest. */
async function build(name: string, attempt = 1): Promise<{ job: Job; digest: string }> {
  const job = await harness.job(name, { attempt });
  const digest = await harness.push(job);
  await end(harness.admin, job, { message: digest });
  await harness.phase(name, "Ready");
  return { job, digest };
}

/** Says a wish by an annotation, as the REST API does. */
function annotate(name: string, annotations: Record<string, string>): Promise<Image> {
  const value = annotations;
  const ref = { namespace: harness.namespace, name };
  return harness.admin.patch(Image, ref, [{ op: "add", path: "/metadata/annotations", value }]);
}

const names = async (name: string): Promise<string[]> =>
  (await harness.jobs(name)).map(({ metadata }) => metadata.name);

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
      manifestDigests: [{ platform: "linux/amd64", digest }],
      baseImages: [{ reference: base.name, digest: base.digest }],
      build: { job: job.metadata.name, attempt: 1, reason: "Succeeded", trigger: "Created" },
      history: [{ job: job.metadata.name, reason: "Succeeded" }],
      published: [{ inputsHash: hashOf(job), digest, tags: ["latest"] }],
    });
    expect(await repository.digest("latest")).toBe(digest);
    expect(await repository.digest(buildTag(hashOf(job)))).toBe(digest);
  });

  it("is not written again when nothing has changed", async () => {
    await harness.createImage("steady");
    await build("steady");
    const asked = () => harness.registryProxy.seen("HEAD", /\/steady\/manifests\/latest/).length;
    for (const word of ["one", "two", "three"]) {
      const before = asked();
      const sinceMs = performance.now();
      await annotate("steady", { word });
      // A look at the registry begins a reconcile: the second one shows that the first has ended.
      await eventually(() => asked() > before);
      if (word === "one") continue;
      const writes = harness.proxy.log.writes({ sinceMs, client: "first", exceptResource: ["leases"] });
      expect(writes.filter(({ url }) => url.includes("/steady"))).toEqual([]);
    }
  });

  it("is not built for the sake of a tag", async () => {
    await harness.createImage("tags");
    const { digest } = await build("tags");
    await harness.editImage("tags", { output: { tags: ["latest", "stable"], tagTemplate: "b-{hash}" } });
    const { status } = await harness.phase("tags", "Ready");
    const template = `b-${status?.inputsHash?.slice(0, 10)}`;
    expect(status?.tags).toEqual(["latest", "stable", template]);
    for (const tag of ["stable", template]) expect(await harness.repository("tags").digest(tag)).toBe(digest);
    expect(await names("tags")).toHaveLength(1);
  });

  it("names by its tags the image without attestations, and keeps the index by digest", async () => {
    await harness.createImage("attested");
    const job = await harness.job("attested");
    const digest = await harness.push(job, { attested: true, platforms: ["linux/amd64", "linux/arm64"] });
    await end(harness.admin, job, { message: digest });
    const { status } = await harness.phase("attested", "Ready");
    expect(status?.indexDigest).toBe(digest);
    expect(status?.manifestDigests?.map(({ platform }) => platform)).toEqual(["linux/amd64", "linux/arm64"]);
    const latest = await harness.repository("attested").manifest("latest");
    expect(status?.image).toBe(`${harness.registryProxy.host}/attested@${latest?.digest}`);
    const { content } = latest!;
    expect(content.kind === "index" && content.manifests).toHaveLength(2);
  });

  it("is published without a Pod where the registry has the build already", async () => {
    const source = { inline: { dockerfile: "FROM scratch\nLABEL twin=yes\n" } };
    const repository = `${harness.registryProxy.host}/twins`;
    await harness.createImage("twin-1", { source, output: { repository, tags: ["one"] } });
    const { digest } = await build("twin-1");
    await harness.createImage("twin-2", { source, output: { repository, tags: ["two"] } });
    const { status } = await harness.phase("twin-2", "Ready");
    expect(status?.image).toBe(`${repository}@${digest}`);
    expect(status?.build).toMatchObject({ reason: "Succeeded" });
    expect(status?.build).not.toHaveProperty("job");
    expect(await names("twin-2")).toEqual([]);
  });

  it("waits while another Image has the same inputs built", async () => {
    const source = { inline: { dockerfile: "FROM scratch\nLABEL same=yes\n" } };
    const repository = `${harness.registryProxy.host}/same`;
    await harness.createImage("same-1", { source, output: { repository, tags: ["one"] } });
    await harness.job("same-1");
    await harness.createImage("same-2", { source, output: { repository, tags: ["two"] } });
    await harness.phase("same-2", "Queued");
    const { digest } = await build("same-1");
    const { status } = await harness.phase("same-2", "Ready");
    expect(status?.image).toBe(`${repository}@${digest}`);
    expect(await names("same-2")).toEqual([]);
  });

  it("is built anew by a new word, and is then made by another build", async () => {
    await harness.createImage("nonce");
    const first = await build("nonce");
    await harness.editImage("nonce", { triggers: { nonce: "again" } });
    await harness.phase("nonce", "Building");
    const second = await build("nonce");
    expect(hashOf(second.job)).not.toBe(hashOf(first.job));
    const { status } = await harness.image("nonce");
    expect(status?.published?.map(({ digest }) => digest)).toEqual([second.digest, first.digest]);
    expect(status?.build?.trigger).toBe("Spec");
    await annotate("nonce", { [wish.nonce]: "by REST" });
    await harness.phase("nonce", "Building");
    expect((await harness.image("nonce")).status?.build?.trigger).toBe("Manual");
  });

  it("is built anew when what it builds on has changed", async () => {
    const base = await harness.pushBase("bases/moving");
    await harness.createImage("on-base", { source: { inline: { dockerfile: `FROM ${base.name}\n` } } });
    await build("on-base");
    const newer = await harness.pushBase("bases/moving", { layer: "newer" });
    await annotate("on-base", { [wish.lookAfter]: "2026-01-01T00:00:00Z" });
    const { status } = await harness.phase("on-base", "Building");
    expect(status?.build?.trigger).toBe("BaseImage");
    expect(status?.baseImages).toEqual([{ reference: base.name, digest: newer.digest }]);
    await build("on-base");
  });
});

describe("the spec of an Image", () => {
  it.each<[string, string, (host: string) => object]>([
    ["names a base that is not there", "BaseNotFound", (host) => from(`${host}/nothing/here:1`)],
    ["builds on itself", "BaseIsOwnOutput", (host) => from(`${host}/builds-on-itself:latest`)],
    ["holds no Dockerfile", "InvalidDockerfile", () => ({ inline: { dockerfile: "RUN true\n" } })],
    ["asks for another frontend", "FrontendNotAllowed", () => from("scratch", "# syntax=evil.example/x\n")],
  ])("stalls it when it %s", async (title, reason, sourceOf) => {
    const name = title.toLowerCase().replaceAll(" ", "-");
    await harness.createImage(name, { source: sourceOf(harness.registryProxy.host) });
    const { status } = await harness.phase(name, "Stalled", { reason });
    expect(status?.conditions?.find(({ type }) => type === "SourceResolved")).toMatchObject({ reason });
    expect(await names(name)).toEqual([]);
  });

  it.each<[string, string, object]>([
    ["a Secret that is not there", "SecretNotFound", { output: { pushSecretRef: { name: "absent" } } }],
    ["a way of building that is not allowed", "IsolationNotAllowed", { build: { isolation: "privileged" } }],
    ["a Secret of another type", "SecretRefused", { output: { pushSecretRef: { name: "opaque" } } }],
  ])("stalls it when it names %s", async (_, reason, spec) => {
    const name = reason.toLowerCase();
    await harness.admin.create(Secret, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { namespace: harness.namespace, name: reason === "SecretRefused" ? "opaque" : `of-${name}` },
    });
    await harness.createImage(name, spec);
    await harness.phase(name, "Stalled", { reason });
  });

  it("stalls the younger of two Images with one tag, until the older is gone", async () => {
    const output = { repository: `${harness.registryProxy.host}/shared-tag` };
    await harness.createImage("older", { output });
    await harness.job("older");
    await eventually(async () => {
      const { metadata } = await harness.image("older");
      return Date.now() - Date.parse(metadata.creationTimestamp) > 1_000;
    });
    await harness.createImage("younger", { output });
    await harness.phase("younger", "Stalled", { reason: "TagConflict" });
    await harness.deleteImage("older");
    await harness.phase("younger", "Building");
  });
});

describe("what is not an Image's own", () => {
  it("is not overwritten: the images that builds run", async () => {
    const output = { repository: `${harness.registryProxy.host}/datalayer/buildkit`, tags: ["0.34.2"] };
    await harness.createImage("takeover", { output });
    await harness.phase("takeover", "Stalled", { reason: "RepositoryNotAllowed" });
    expect(await harness.jobs("takeover")).toEqual([]);
  });
});

describe("a build that fails", () => {
  it("for a passing reason is tried again after a while", async () => {
    await harness.createImage("oom");
    const job = await harness.job("oom");
    await end(harness.admin, job, { exitCode: 137, reason: "OOMKilled" });
    const { status } = await harness.phase("oom", "BackingOff", { reason: "OutOfMemory" });
    expect(Date.parse(status?.nextAttemptAt ?? "")).toBeGreaterThan(
      Date.parse(status?.build?.finishedAt ?? ""),
    );
    const { job: second } = await build("oom", 2);
    expect(attemptOf(second)).toBe(2);
    const { history = [] } = (await harness.image("oom")).status ?? {};
    expect(history.map(({ reason }) => reason)).toEqual(["Succeeded", "OutOfMemory"]);
  });

  it("for a lasting reason stalls the Image, with the end of its log and without secrets, until its inputs change", async () => {
    const password = "canary-password-of-a-build";
    await harness.admin.create(Secret, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { namespace: harness.namespace, name: "mounted" },
      stringData: { key: password },
    });
    const build = { secrets: [{ id: "token", name: "mounted", key: "key" }] };
    await harness.createImage("failing", { build });
    const job = await harness.job("failing");
    const log = `#5 echo \u001b[31m${password}\u001b[0m\nerror: failed to solve: process "/bin/sh -c x" did not complete successfully: exit code: 1`;
    await end(harness.admin, job, { exitCode: 1, message: log });
    const { status } = await harness.phase("failing", "Stalled", { reason: "BuildFailed" });
    expect(status?.build?.logTail).toContain("#5 echo [redacted]\nerror: failed to solve");
    expect(JSON.stringify(status)).not.toContain(password);
    await harness.editImage("failing", { triggers: { nonce: "2" } });
    await harness.phase("failing", "Building");
  });

  it("because its Job was deleted is tried again", async () => {
    await harness.createImage("lost");
    const job = await harness.job("lost");
    await harness.phase("lost", "Building");
    await deleteIfThere(harness.admin, Job, job.metadata, { propagationPolicy: "Background" });
    await harness.phase("lost", "BackingOff", { reason: "JobLost" });
    await build("lost", 2);
  });

  it("because its Pod is gone is tried again, or published where it had pushed before", async () => {
    await harness.createImage("gone");
    const job = await harness.job("gone");
    const digest = await harness.push(job);
    const { metadata } = await podOf(harness.admin, job);
    await harness.admin.delete(
      { apiVersion: "v1", kind: "Pod", plural: "pods", namespaced: true },
      metadata,
      { uid: metadata.uid, gracePeriodSeconds: 0 },
    );
    const { status } = await harness.phase("gone", "Ready");
    expect(status?.image).toContain(digest);
  });

  it("to push what it says is told by the registry, and tried again", async () => {
    await harness.createImage("liar");
    const job = await harness.job("liar");
    await end(harness.admin, job, { message: `sha256:${"0".repeat(64)}` });
    await harness.phase("liar", "BackingOff", { reason: "VerificationFailed" });
    expect(await harness.repository("liar").digest("latest")).toBeUndefined();
    await build("liar", 2);
  });
});

describe("a spec that changes while it is built", () => {
  it("ends the build that is under way", async () => {
    await harness.createImage("latest");
    const old = await harness.job("latest");
    await harness.phase("latest", "Building");
    await harness.editImage("latest", { triggers: { nonce: "2" } });
    await eventually(async () => !(await names("latest")).includes(old.metadata.name));
    await build("latest");
    const { history = [] } = (await harness.image("latest")).status ?? {};
    expect(history.map(({ reason }) => reason)).toEqual(["Succeeded", "Superseded"]);
    const { namespace } = harness;
    const record = await harness.admin.get(ConfigMap, {
      namespace,
      name: recordName(old.metadata.name),
    });
    expect(logIn(record)).toContain("[the build was ended: Superseded]");
  });

  it("has it published first, where builds follow one another", async () => {
    await harness.createImage("serial", { policy: { concurrency: "Serial" } });
    const old = await harness.job("serial");
    await harness.editImage("serial", { triggers: { nonce: "2" } });
    await eventually(async () => {
      const { status, metadata } = await harness.image("serial");
      return status?.observedGeneration === metadata.generation;
    });
    const first = await harness.push(old);
    await end(harness.admin, old, { message: first });
    await eventually(async () => (await harness.image("serial")).status?.build?.inputsHash !== hashOf(old));
    const second = await build("serial");
    const { published = [] } = (await harness.image("serial")).status ?? {};
    expect(published.map(({ digest }) => digest)).toEqual([second.digest, first]);
  });

  it("can suspend what comes next, and let it go on", async () => {
    await harness.createImage("suspended", { policy: { suspend: true } });
    await harness.phase("suspended", "Suspended");
    expect(await names("suspended")).toEqual([]);
    await harness.editImage("suspended", { policy: { suspend: false } });
    await build("suspended");
  });

  it("is not built when a caller has cancelled it", async () => {
    await harness.createImage("cancelled");
    const job = await harness.job("cancelled");
    await annotate("cancelled", { [wish.cancelled]: hashOf(job) });
    await harness.phase("cancelled", "Stalled", { reason: "Cancelled" });
    await eventually(async () => (await names("cancelled")).length === 0);
    await harness.editImage("cancelled", { triggers: { nonce: "2" } });
    await build("cancelled");
  });
});

describe("a registry on a bad day", () => {
  it("keeps an Image from being verified, and no longer than it lasts", async () => {
    await harness.createImage("verify");
    const job = await harness.job("verify");
    const digest = await harness.push(job);
    const fault = strike({ path: /\/verify\//, act: { kind: "answer", status: 503 } });
    await end(harness.admin, job, { message: digest });
    await harness.phase("verify", "Verifying", { reason: "RegistryUnavailable" });
    fault.remove();
    await annotate("verify", { word: "again" });
    await harness.phase("verify", "Ready");
    expect(await names("verify")).toHaveLength(1);
  });

  it.each([
    ["RegistryUnavailable", "Publishing", 500],
    ["RegistryRefused", "Stalled", 403],
  ] as const)("keeps the tags where they are: %s", async (reason, phase, status) => {
    const name = `publish-${status}`;
    const path = new RegExp(`/${name}/manifests/latest`);
    const fault = strike({ method: "PUT", path, act: { kind: "answer", status } });
    await harness.createImage(name);
    const job = await harness.job(name);
    await end(harness.admin, job, { message: await harness.push(job) });
    const image = await harness.phase(name, phase, { reason });
    expect(image.status?.image).toBeUndefined();
    expect(image.status?.conditions?.find(({ type }) => type === "Published")).toMatchObject({
      status: "False",
    });
    fault.remove();
    await annotate(name, { word: "again" });
    await harness.phase(name, "Ready");
  });

  it("that answers with other content than was asked for publishes nothing", async () => {
    await harness.createImage("tampered");
    const job = await harness.job("tampered");
    const body = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.from(" ")]);
    strike({ method: "GET", path: /\/tampered\/manifests/, act: { kind: "tamper", body } });
    await end(harness.admin, job, { message: await harness.push(job) });
    const { status } = await harness.phase("tampered", "BackingOff", { reason: "VerificationFailed" });
    expect(status?.build?.message).toMatch(
      /^The build ended well, but .*\/tampered at .* is content of the digest/,
    );
    expect(await harness.repository("tampered").digest("latest")).toBeUndefined();
  });

  it("that has lost a part of a build has it built again", async () => {
    const source = { inline: { dockerfile: "FROM scratch\nLABEL half=yes\n" } };
    const repository = `${harness.registryProxy.host}/half`;
    await harness.createImage("half-1", { source, output: { repository, tags: ["one"] } });
    const { job } = await build("half-1");
    const fault = strike({
      method: "GET",
      path: /\/half\/blobs\//,
      act: { kind: "answer", status: 404 },
    });
    await harness.createImage("half-2", { source, output: { repository, tags: ["two"] } });
    const again = await harness.job("half-2");
    expect(hashOf(again)).toBe(hashOf(job));
    await end(harness.admin, again, { message: await harness.push(again) });
    const { status } = await harness.phase("half-2", "BackingOff", { reason: "VerificationFailed" });
    expect(status?.build?.message).toContain("is not in the registry");
    fault.remove();
    await annotate("half-2", { word: "again" });
    await harness.phase("half-2", "Ready");
  });

  it("that has other content under a digest does not make an Image unready that was published", async () => {
    await harness.createImage("rotten");
    await build("rotten");
    const body = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.from(" ")]);
    strike({ method: "GET", path: /\/rotten\/manifests/, act: { kind: "tamper", body } });
    const asked = () => harness.registryProxy.seen("GET", /\/rotten\/manifests/).length;
    const before = asked();
    await annotate("rotten", { word: "again" });
    await eventually(() => asked() > before);
    await annotate("rotten", { word: "and again" });
    await eventually(() => asked() > before + 1);
    expect((await harness.image("rotten")).status?.phase).toBe("Ready");
    expect(await names("rotten")).toHaveLength(1);
  });

  it("does not make an Image unready that was published", async () => {
    const base = await harness.pushBase("bases/away");
    await harness.createImage("away", { source: { inline: { dockerfile: `FROM ${base.name}\n` } } });
    await build("away");
    strike({ path: /\/bases\/away\//, act: { kind: "answer", status: 503 } });
    await annotate("away", { [wish.lookAfter]: "2026-01-01T00:00:00Z" });
    const found = async () =>
      (await harness.image("away")).status?.conditions?.find(({ type }) => type === "SourceResolved");
    await eventually(async () => (await found())?.reason === "BaseUnavailable");
    const { status } = await harness.phase("away", "Ready");
    expect(status?.conditions?.find(({ type }) => type === "Ready")).toMatchObject({ status: "True" });
  });
});

describe("an Image that is deleted", () => {
  it("goes once its build has ended, with all that was made for it", async () => {
    await harness.createImage("deleted");
    const job = await harness.job("deleted");
    const { metadata } = await podOf(harness.admin, job);
    expect(job.metadata.annotations?.[annotation.inputsHash]).toBe(hashOf(job));
    await harness.deleteImage("deleted");
    await eventually(() => isGone(() => harness.image("deleted")), { timeoutMs: 40_000 });
    await eventually(() => isGone(() => harness.admin.get(Job, job.metadata)));
    await eventually(() =>
      isGone(() =>
        harness.admin.get({ apiVersion: "v1", kind: "Pod", plural: "pods", namespaced: true }, metadata),
      ),
    );
  });
});

function from(image: string, head = ""): object {
  return { inline: { dockerfile: `${head}FROM ${image}\n` } };
}

async function isGone(read: () => Promise<unknown>): Promise<boolean> {
  return read().then(
    () => false,
    () => true,
  );
}
