import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { Pod } from "@datalayer/shared/kube/kinds";
import { beforeAll, describe, expect, it } from "vitest";
import { assignment } from "../../test/assignment.ts";
import { environmentManifest } from "../../test/builders.ts";
import { type Harness, startHarness, type TestReplica } from "../../test/harness.ts";
import { storedPool } from "../../test/pool-objects.ts";
import { buildAssignedPod } from "../runtime/assigned-pod.ts";

const uid = "01KAQ2V8C4M3YQF3Y1K1W5B7ND";
const podName = "runtime-01kaq2v8c4m3yqf3y1k1w5b7nd";
const mounts = `/runtimes/${podName}/mounts`;

let harness: Harness;
let replica: TestReplica;

beforeAll(async () => {
  harness = await startHarness();
  replica = await harness.startReplica("mounts");
  const { namespace, admin } = harness;
  const contents = [
    { uid, mount: "/mnt/data" },
    { name: "team", mount: "/mnt/team", permissions: "ro" as const },
  ];
  const environment = await admin.create(
    RuntimeEnvironment,
    environmentManifest(namespace, { name: "python-env", contents }),
  );
  const operator = await harness.operatorClient("maker");
  const model = storedPool({ environment: "python-env" });
  const pool = { ...model, metadata: { ...model.metadata, namespace } };
  const settings = { serviceAccount: "datalayer-runtimes-sa", imagePullSecrets: [] };
  const parts = [
    {
      volumes: ["content-0", "content-1"].map((name) => ({ name, emptyDir: {} })),
      volumeMounts: [
        { name: "content-0", mountPath: "/mnt/data" },
        { name: "content-1", mountPath: "/mnt/team", readOnly: true },
      ],
    },
  ];
  const identity = { ulid: podName.slice("runtime-".length), tokenKeyId: "key-1", revision: "r" };
  const template = { pool, environment, settings, parts, image: "datalayer/jupyter-python:0.0.8" };
  await operator.create(Pod, buildAssignedPod(template, identity, assignment()));
  await eventually(async () => (await replica.ask("GET", mounts)).status === 200);
  await eventually(async () => JSON.stringify((await replica.ask("GET", mounts)).body).includes(uid));
});

const data = { target: "mnt~data", mount: "/mnt/data", uid, name: null, permissions: "rw" };

describe("the mounts of a runtime", () => {
  it("are listed, with what they are of", async () => {
    const { body } = await replica.ask("GET", mounts);
    const team = { target: "mnt~team", mount: "/mnt/team", uid: null, name: "team", permissions: "ro" };
    expect(body).toEqual({ success: true, message: "2 mounts", mounts: [data, team] });
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
    ["another content", { uid: "01KAQ2V8C4M3YQF3Y1K1W5B7NE", mount: "/mnt/data" }],
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
  const claim = (...attachments: object[]) => replica.claim({ content_attachments: attachments });

  it("is served where the environment mounts them all", async () => {
    // There is no pool of this environment: that is what the claim meets next.
    expect((await claim({ uid, mount: "/mnt/data" })).status).toBe(404);
    expect((await claim()).status).toBe(404);
  });

  it.each([
    ["elsewhere", { uid, mount: "/mnt/other" }],
    ["another content", { uid: "01KAQ2V8C4M3YQF3Y1K1W5B7NE", mount: "/mnt/data" }],
    ["with permissions that nobody promises", { uid, mount: "/mnt/data", permissions: "rw" }],
  ])("is refused before a runtime is taken: %s", async (_, attachment) => {
    const answer = await claim({ uid, mount: "/mnt/data" }, attachment);
    expect(answer.status).toBe(501);
    expect(answer.body.detail).toContain("cannot be mounted at");
  });

  it("is refused with a path that is none", async () => {
    const answer = await claim({ uid, mount: "/mnt/.." });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      errors: [expect.objectContaining({ path: "/content_attachments/0/mount" })],
    });
  });
});
