import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { dropAfter, freezeWatch, hold } from "@datalayer/devcluster/testkit/fault-proxy";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { pointer } from "@datalayer/shared/kube/json-patch";
import { PersistentVolumeClaim } from "@datalayer/shared/kube/kinds";
import { beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness, type TestReplica } from "../../test/harness.ts";
import type { Answer } from "../../test/test-replica.ts";
import { homeOf } from "../volume/names.ts";

interface VolumeView {
  uid: string;
  name: string;
  size: string;
  state: string;
  used_by: string | null;
  user_uid: string;
}

let cluster: Harness;
let replica: TestReplica;
let other: TestReplica;

beforeAll(async () => {
  cluster = await startHarness();
  const settings = { DATALAYER_VOLUMES_MAX_SIZE: "20Gi", DATALAYER_HOMES_SIZE: "5Gi" };
  replica = await cluster.startReplica("one", { settings });
  other = await cluster.startReplica("two", { settings });
});

const as = (account: string, headers: Record<string, string> = {}): Record<string, string> => ({
  "x-forwarded-user": account,
  ...headers,
});
const create = (account: string, body: object = {}, headers: Record<string, string> = {}): Promise<Answer> =>
  replica.ask("POST", "/volumes", { body, headers: as(account, headers) });
const volumeOf = ({ body }: Answer): VolumeView => body["volume"] as VolumeView;
const listed = async (account: string, from = replica): Promise<string[]> => {
  const { body } = await from.ask("GET", "/volumes", { headers: as(account) });
  return (body["volumes"] as VolumeView[]).map(({ uid }) => uid);
};
const stored = (uid: string): Promise<PersistentVolumeClaim | undefined> =>
  cluster.admin
    .get(PersistentVolumeClaim, { namespace: cluster.namespace, name: `volume-${uid}` })
    .catch((error: unknown) => {
      if (error instanceof ApiError && error.isNotFound) return undefined;
      throw error;
    });
const use = (uid: string, runtime: string): Promise<PersistentVolumeClaim> =>
  cluster.admin.patch(PersistentVolumeClaim, { namespace: cluster.namespace, name: `volume-${uid}` }, [
    { op: "add", path: pointer("metadata", "labels", homeOf), value: runtime },
  ]);

describe("a volume", () => {
  it("is created, shown, listed and removed by its account", async () => {
    const answer = await create("account-1", { name: "My data", size: "2Gi" });
    expect(answer.status).toBe(201);
    const volume = volumeOf(answer);
    expect(volume).toMatchObject({
      name: "My data",
      size: "2Gi",
      state: "unbound",
      used_by: null,
      user_uid: "account-1",
    });
    expect((await stored(volume.uid))?.spec).toMatchObject({
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: "2Gi" } },
    });
    const path = `/volumes/${volume.uid}`;
    // Also of a replica that may not have seen it yet.
    expect((await other.ask("GET", path, { headers: as("account-1") })).status).toBe(200);
    expect(await listed("account-1")).toEqual([volume.uid]);
    expect((await replica.ask("DELETE", path, { headers: as("account-1") })).status).toBe(200);
    await eventually(async () => (await stored(volume.uid)) === undefined);
    await eventually(async () => (await listed("account-1", other)).length === 0);
    expect((await other.ask("GET", path, { headers: as("account-1") })).status).toBe(404);
  });

  it("does not exist for another account", async () => {
    const { uid } = volumeOf(await create("account-2"));
    const path = `/volumes/${uid}`;
    expect((await replica.ask("GET", path, { headers: as("account-3") })).status).toBe(404);
    expect((await replica.ask("DELETE", path, { headers: as("account-3") })).status).toBe(404);
    expect(await listed("account-3")).toEqual([]);
    expect(await stored(uid)).toBeDefined();
  });

  it("has the size of homes unless another is given", async () => {
    expect(volumeOf(await create("account-4")).size).toBe("5Gi");
  });

  it("that is the home of a runtime is not removed", async () => {
    const { uid } = volumeOf(await create("account-5"));
    await use(uid, "runtime-x");
    const { status, body } = await replica.ask("DELETE", `/volumes/${uid}`, { headers: as("account-5") });
    expect(status).toBe(409);
    expect(body).toMatchObject({ used_by: "runtime-x" });
    expect(body.type).toContain("#volume-in-use");
    expect((await stored(uid))?.metadata.deletionTimestamp).toBeUndefined();
  });

  it("that becomes a home while it is being removed stays", async () => {
    const { uid } = volumeOf(await create("account-6"));
    await eventually(async () => (await listed("account-6")).length === 1);
    const frozen = cluster.proxy.inject({
      client: "one",
      verb: "watch",
      resource: "persistentvolumeclaims",
      act: freezeWatch(),
    });
    const held = cluster.proxy.inject({
      client: "one",
      verb: "delete",
      resource: "persistentvolumeclaims",
      times: 1,
      act: hold(),
    });
    const removing = replica.ask("DELETE", `/volumes/${uid}`, { headers: as("account-6") });
    await held.struck();
    await use(uid, "runtime-y");
    held.remove();
    frozen.remove();
    expect((await removing).status).toBe(409);
    expect((await stored(uid))?.metadata.deletionTimestamp).toBeUndefined();
  });

  it("is created once when the answer is lost", async () => {
    cluster.proxy.inject({
      client: "one",
      verb: "create",
      resource: "persistentvolumeclaims",
      times: 1,
      act: dropAfter(),
    });
    const { uid } = volumeOf(await create("account-7"));
    await eventually(async () => (await listed("account-7")).length > 0);
    expect(await listed("account-7")).toEqual([uid]);
  });

  it("is created once for a key, which serves no other volume", async () => {
    const key = { "idempotency-key": "k" };
    const [one, two] = await Promise.all([create("account-8", {}, key), create("account-8", {}, key)]);
    expect([one.status, two.status]).toEqual([201, 201]);
    expect(volumeOf(one).uid).toBe(volumeOf(two).uid);
    const another = await create("account-8", { size: "1Gi" }, key);
    expect([another.status, another.body.type.split("#")[1]]).toEqual([422, "key-reused"]);
    expect(volumeOf(await create("account-9", {}, key)).uid).not.toBe(volumeOf(one).uid);
  });

  it.each([
    ["a size that is none", { size: "much" }, 422, "/size"],
    ["a size beyond the largest", { size: "21Gi" }, 422, "/size"],
    ["a size of nothing", { size: "0" }, 422, "/size"],
    ["a size of parts of bytes", { size: "1500m" }, 422, "/size"],
    ["a number as size", { size: 10 }, 400, "/size"],
    ["a name that is too long", { name: "x".repeat(257) }, 422, "/name"],
  ])("is refused with %s", async (_, body, status, path) => {
    const answer = await create("account-10", body);
    expect(answer.status).toBe(status);
    expect(answer.body["errors"]).toEqual([expect.objectContaining({ path, in: "body" })]);
  });

  it.each(["GET", "POST"] as const)("is refused to nobody (%s)", async (method) => {
    const { status, body } = await replica.ask(method, "/volumes", method === "POST" ? { body: {} } : {});
    expect(status).toBe(422);
    expect(body["errors"]).toEqual([expect.objectContaining({ path: "/x-forwarded-user", in: "header" })]);
  });

  it("is not created in a namespace that is not watched", async () => {
    const answer = await replica.ask("POST", "/volumes?namespace=default", {
      body: {},
      headers: as("account-11"),
    });
    expect(answer.status).toBe(404);
  });
});
