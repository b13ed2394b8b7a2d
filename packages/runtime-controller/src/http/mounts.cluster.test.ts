import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import type { JsonPatchOperation } from "@datalayer/shared/kube/json-patch";
import { Pod } from "@datalayer/shared/kube/kinds";
import { beforeAll, describe, expect, it } from "vitest";
import { assignment } from "../../test/assignment.ts";
import { contentManifest, environmentManifest } from "../../test/builders.ts";
import { storedContent } from "../../test/content-objects.ts";
import { type Harness, startHarness, type TestReplica } from "../../test/harness.ts";
import { storedPool } from "../../test/pool-objects.ts";
import { buildAssignedPod } from "../runtime/assigned-pod.ts";
import { contentParts } from "../runtime-content/content-parts.ts";
import type { RuntimeView } from "./schemas.ts";

const uid = "01KAQ2V8C4M3YQF3Y1K1W5B7ND";
const otherUid = "01KAQ2V8C4M3YQF3Y1K1W5B7NE";
const podName = "runtime-01kaq2v8c4m3yqf3y1k1w5b7nd";
const mounts = `/runtimes/${podName}/mounts`;

let harness: Harness;
let replica: TestReplica;

beforeAll(async () => {
  harness = await startHarness();
  replica = await harness.startReplica("mounts");
  const { namespace, admin } = harness;
  await admin.create(RuntimeContent, contentManifest(namespace, "course", { uid, permissions: "rw" }));
  await admin.create(RuntimeContent, contentManifest(namespace, "other", { uid: otherUid }));
  const contents = [{ uid, mount: "/mnt/data" }];
  const environment = await admin.create(
    RuntimeEnvironment,
    environmentManifest(namespace, { name: "python-env", contents }),
  );
  const operator = await harness.operatorClient("maker");
  const model = storedPool({ environment: "python-env" });
  const pool = { ...model, metadata: { ...model.metadata, namespace } };
  const settings = { serviceAccount: "datalayer-runtimes-sa", imagePullSecrets: [] };
  const mounted = [
    { content: storedContent({ uid }), mount: "/mnt/data", readOnly: false },
    { content: storedContent({}, { name: "team" }), mount: "/mnt/team", readOnly: true },
  ];
  const parts = [contentParts(mounted, { gitImage: "datalayer/git-content:0.1.0" })];
  const identity = { ulid: podName.slice("runtime-".length), tokenKeyId: "key-1", revision: "r" };
  const template = { pool, environment, settings, parts, image: "datalayer/jupyter-python:0.0.8" };
  await operator.create(Pod, buildAssignedPod(template, identity, assignment()));
  await eventually(async () => (await replica.ask("GET", mounts)).status === 200);
});

const data = { target: "mnt~data", mount: "/mnt/data", uid, name: "course", permissions: "rw" };

describe("the mounts of a runtime", () => {
  it("are listed, with what they are of", async () => {
    const { body } = await replica.ask("GET", mounts);
    const team = { target: "mnt~team", mount: "/mnt/team", uid: null, name: "team", permissions: "ro" };
    expect(body).toEqual({ success: true, message: "2 mounts", mounts: [data, team] });
  });

  it("are what its Pod was made with, whatever its environment names now", async () => {
    const contents = [{ uid: otherUid, mount: "/mnt/data" }];
    const path = "/environments/python-env/contents";
    expect((await replica.ask("PUT", path, { body: { contents } })).status).toBe(200);
    expect((await replica.ask("GET", mounts)).body).toMatchObject({ mounts: [data, { name: "team" }] });
    const answer = await replica.ask("POST", mounts, { body: contents[0] });
    expect(answer.status).toBe(409);
  });

  it("confirm what is there already", async () => {
    for (const body of [
      { uid, mount: "/mnt/data" },
      { uid: uid.toLowerCase(), mount: "/mnt/data", permissions: "rw" },
    ]) {
      const answer = await replica.ask("POST", mounts, { body });
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({ mount: data });
    }
  });

  it.each([
    ["another content", { uid: otherUid, mount: "/mnt/data" }],
    ["a folder below one", { uid, mount: "/mnt/team/sub" }],
    ["other permissions", { uid, mount: "/mnt/data", permissions: "ro" }],
  ])("conflict with %s in their place", async (_, body) => {
    const answer = await replica.ask("POST", mounts, { body });
    expect(answer.status).toBe(409);
    expect(answer.body.type).toContain("mount-conflict");
  });

  it("are not added while the runtime runs, which the answer explains", async () => {
    const answer = await replica.ask("POST", mounts, { body: { uid, mount: "/mnt/new" } });
    expect(answer.status).toBe(501);
    expect(answer.body.detail).toBe(
      `content ${uid} cannot be mounted at /mnt/new: Kubernetes adds no volume to a running Pod. Name it in the contents of the environment: its warm runtimes are then replaced by some that have it`,
    );
  });

  it("are not taken away while it runs", async () => {
    const answer = await replica.ask("DELETE", `${mounts}/mnt~data`);
    expect(answer.status).toBe(501);
    expect(answer.body.detail).toContain("/mnt/data cannot be taken out of the runtime");
  });

  it("and runtimes that do not exist are not found", async () => {
    expect((await replica.ask("DELETE", `${mounts}/mnt~other`)).status).toBe(404);
    expect((await replica.ask("GET", "/runtimes/runtime-x/mounts")).status).toBe(404);
    const body = { uid, mount: "/mnt/data" };
    expect((await replica.ask("POST", "/runtimes/runtime-x/mounts", { body })).status).toBe(404);
  });

  it.each([
    ["a path with ..", { uid, mount: "/mnt/../etc" }, "/mount"],
    ["a relative path", { uid, mount: "mnt" }, "/mount"],
    ["the root", { uid, mount: "/" }, "/mount"],
    ["a folder of the system", { uid, mount: "/proc/1" }, "/mount"],
    ["the operator's own folder", { uid, mount: "/var/run/secrets/datalayer.io/claim" }, "/mount"],
    ["a uid that is none", { uid: "x", mount: "/mnt/new" }, "/uid"],
    ["no uid", { mount: "/mnt/new" }, "/uid"],
    ["unknown permissions", { uid, mount: "/mnt/new", permissions: "rwx" }, "/permissions"],
  ])("are not wanted at %s", async (_, body, path) => {
    const answer = await replica.ask("POST", mounts, { body });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ errors: [expect.objectContaining({ path })] });
  });
});

describe("a claim with content_attachments", () => {
  const pool = "attached";
  const contents = [{ uid, mount: "/mnt/data", permissions: "ro" as const }];
  const claim = (attachments: object[], seconds = 0) =>
    replica.ask("POST", "/runtimes", {
      body: { environment_name: pool, user_uid: "user-1", content_attachments: attachments },
      headers: { prefer: `wait=${seconds}` },
    });
  const patchPool = (operation: JsonPatchOperation) =>
    harness.admin.patch(RuntimePool, { namespace: harness.namespace, name: pool }, [operation]);
  const mountsOf = async (runtime: RuntimeView): Promise<unknown> =>
    (await replica.ask("GET", `/runtimes/${runtime.pod_name}/mounts`)).body.mounts;

  beforeAll(async () => {
    await harness.warmPool({ name: pool, size: 2 });
  });

  it("is refused where its environment does not name them, and takes no runtime", async () => {
    const answer = await claim([{ uid, mount: "/mnt/data" }]);
    expect(answer.status).toBe(501);
    expect(answer.body.detail).toContain("cannot be mounted at /mnt/data");
    await harness.available(pool, 2);
  });

  it("waits for a runtime that has them, and takes none that was made before", async () => {
    // The new revision finds no node, so the pool stays filled by the one before.
    await patchPool({ op: "add", path: "/spec/nodeSelector", value: { "no-such-node": "true" } });
    const path = `/environments/${pool}/contents`;
    expect((await replica.ask("PUT", path, { body: { contents } })).status).toBe(200);
    const refused = await claim([{ uid, mount: "/mnt/data" }]);
    expect(refused).toMatchObject({ status: 503, body: { reason: "pool-empty" } });
    expect(refused.body.detail).toContain("no runtime with the contents that the claim names is available");

    const waiting = claim([{ uid: uid.toLowerCase(), mount: "/mnt/data" }], 60);
    await eventually(async () => (await replica.counter("datalayer_claim_queue_depth")) === 1);
    // Each one that is taken is replaced by another of the same kind, which is offered to who waits.
    const other = await claim([]);
    expect(other.status).toBe(201);
    expect(await mountsOf(other.body.runtime)).toEqual([]);
    await harness.available(pool, 2);
    expect(await replica.counter("datalayer_claim_queue_depth")).toBe(1);

    await patchPool({ op: "remove", path: "/spec/nodeSelector" });
    const served = await waiting;
    expect(served.status).toBe(201);
    expect(await mountsOf(served.body.runtime)).toEqual([
      { target: "mnt~data", mount: "/mnt/data", uid, name: "course", permissions: "ro" },
    ]);
  });

  it.each([
    ["elsewhere", { uid, mount: "/mnt/other" }],
    ["another content", { uid: otherUid, mount: "/mnt/data" }],
    ["with permissions that nobody promises", { uid, mount: "/mnt/data", permissions: "rw" }],
  ])("is refused before a runtime is taken: %s", async (_, attachment) => {
    const answer = await claim([{ uid, mount: "/mnt/data" }, attachment]);
    expect(answer.status).toBe(501);
    expect(answer.body.detail).toContain("cannot be mounted at");
  });

  it("is refused where there is no pool for it", async () => {
    const body = { content_attachments: [{ uid, mount: "/mnt/data" }] };
    expect((await replica.claim({ pool_name: "none", ...body })).status).toBe(404);
  });

  it("is refused with a path that is none", async () => {
    const answer = await claim([{ uid, mount: "/mnt/.." }]);
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      errors: [expect.objectContaining({ path: "/content_attachments/0/mount" })],
    });
  });
});
