import { randomBytes } from "node:crypto";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { testNamespace, useCluster } from "@datalayer/devcluster/testkit/cluster";
import {
  type Act,
  answer,
  cutWatch,
  dropBefore,
  duplicateWatch,
  expireWatch,
  type FaultHandle,
  type FaultProxy,
  type FaultRule,
  freezeWatch,
  garbleWatch,
  hold,
  replayWatch,
  resetMidBody,
  startFaultProxy,
} from "@datalayer/devcluster/testkit/fault-proxy";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Clock, systemClock } from "../clock/clock.ts";
import { loadAccess } from "./access.ts";
import { Informer } from "./informer.ts";
import { ConfigMap } from "./kinds.ts";
import type { Change } from "./object-cache.ts";
import { keyOf } from "./object.ts";
import { RestClient, type RestClientOptions } from "./rest.ts";

/** Waits are cut short: these tests are about what happens after them. */
const impatientClock: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 20), signal),
};

let proxy: FaultProxy;
let proxiedKubeconfig: string;
/** Goes through the proxy. */
let client: RestClient;
/** Another writer, which no fault reaches. */
let other: RestClient;
let namespace: string;
let stop: AbortController;
/** Set on every object of one test, so that tests do not see each other's. */
let test: string;

beforeAll(async () => {
  const { kubeconfigPath } = await useCluster();
  proxy = await startFaultProxy({ kubeconfigPath });
  proxiedKubeconfig = (await proxy.client("informer")).kubeconfigPath;
  client = newClient(proxiedKubeconfig, { timeoutMs: 500 });
  other = newClient(kubeconfigPath);
  namespace = await testNamespace();
});

beforeEach(() => {
  stop = new AbortController();
  test = `t-${randomBytes(4).toString("hex")}`;
});

/** The next test's faults would strike the watches of this one. */
afterEach(async () => {
  stop.abort(new Error("the test is over"));
  proxy.clearFaults();
  await eventually(() => proxy.log.every(({ endedAtMs }) => endedAtMs !== undefined));
  proxy.log.clear();
});

afterAll(async () => {
  await Promise.all([client.close(), other.close()]);
  await proxy.close();
});

function newClient(kubeconfigPath: string, options: Partial<RestClientOptions> = {}): RestClient {
  const access = loadAccess({ kubeconfigPath });
  return new RestClient({ access, userAgent: "t", fieldManager: "t", clock: impatientClock, ...options });
}

async function create(name: string, through = other): Promise<ConfigMap> {
  const metadata = { namespace, name: `${test}-${name}`, labels: { test } };
  return through.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata, data: {} });
}

async function change(object: ConfigMap, value: string): Promise<ConfigMap> {
  return other.patch(ConfigMap, object.metadata, [{ op: "add", path: "/data", value: { value } }]);
}

async function remove({ metadata }: ConfigMap): Promise<void> {
  await other.delete(ConfigMap, metadata, { uid: metadata.uid });
}

/** An informer of this test's objects, and what it reports. */
function follow(): { informer: Informer<ConfigMap>; changes: Change<ConfigMap>[] } {
  const informer = new Informer({
    client,
    kind: ConfigMap,
    namespace,
    labelSelector: `test=${test}`,
    clock: impatientClock,
    idleTimeoutMs: 400,
  });
  const changes: Change<ConfigMap>[] = [];
  informer.onChange((one) => changes.push(one));
  informer.start(stop.signal);
  return { informer, changes };
}

const versions = (objects: ConfigMap[]): string[] =>
  objects.map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`).sort();

async function stored(): Promise<string[]> {
  return versions((await other.list(ConfigMap, { namespace, labelSelector: `test=${test}` })).items);
}

describe("a first list", () => {
  it("that is never answered is given up and asked for again", async () => {
    await create("a");
    proxy.inject({ verb: "list", times: 1, act: hold() });
    const { informer } = follow();
    await informer.synced();
    expect(versions(informer.list())).toEqual(await stored());
  });

  it.each<[string, Act]>([
    ["whose continue token has expired", answer(410)],
    ["that breaks off within its second page", resetMidBody()],
    ["whose second page is no JSON", answer(200, { body: "<html>" })],
  ])("%s reports every object once", async (_what, act) => {
    const names = Array.from({ length: 520 }, (_, index) => `n${index}`);
    await Promise.all(names.map((name) => create(name)));
    const isFurtherPage = ({ url }: { url: string }): boolean => url.includes("continue=");
    const broken = proxy.inject({ verb: "list", times: 1, where: isFurtherPage, act });
    const { informer, changes } = follow();
    await informer.synced();
    expect(broken.hits).toBe(1);
    expect(versions(changes.map(({ object }) => object))).toEqual(await stored());
    expect(changes.every(({ type }) => type === "added")).toBe(true);
  });
});

describe("a list that is answered by something else", () => {
  it.each(["{}", '{"status":"ok"}', '{"kind":"ConfigMapList","items":[]}', "null"])(
    "(%s) deletes nothing",
    async (body) => {
      const object = await create("a");
      const { informer, changes } = follow();
      await informer.synced();
      const answered = proxy.inject({ verb: "list", times: 2, act: answer(200, { body }) });
      proxy.inject({ verb: "watch", times: 1, act: expireWatch() });
      await answered.struck(2);
      await change(object, "1");
      await expect.poll(() => changes.map(({ type }) => type)).toEqual(["added", "modified"]);
      expect(versions(informer.list())).toEqual(await stored());
    },
  );
});

describe("a server that asks to wait for weeks", () => {
  it.each([3_000_000, "Tue, 01 Jan 2999 00:00:00 GMT"])(
    "(%s) is asked again in a minute",
    async (retryAfter) => {
      proxy.inject({ verb: "list", act: answer(429, { retryAfter }) });
      const waits: number[] = [];
      const clock: Clock = {
        ...systemClock,
        sleep: (ms, signal) => {
          waits.push(ms);
          return systemClock.sleep(Infinity, signal);
        },
      };
      new Informer({ client, kind: ConfigMap, namespace, clock }).start(stop.signal);
      await eventually(() => waits.length > 0);
      expect(waits).toEqual([60_000]);
      expect(proxy.log.select({ verb: "list" })).toHaveLength(1);
    },
  );
});

describe("a watch that is refused", () => {
  it.each([401, 403, 429, 500, 503])("with %i goes on where it stopped, without a list", async (status) => {
    const object = await create("a");
    const { informer, changes } = follow();
    await informer.synced();
    await eventually(() => proxy.log.select({ verb: "watch" }).some(({ status: answered }) => answered));
    const refused = proxy.inject({ verb: "watch", times: 2, act: answer(status, { retryAfter: "soon" }) });
    proxy.inject({ verb: "watch", times: 1, act: cutWatch("reset") });
    await refused.struck(2);
    await change(object, "1");
    await expect.poll(() => changes.map(({ type }) => type)).toEqual(["added", "modified"]);
    expect(informer.relists).toBe(0);
  });
});

describe("a write of our own whose reply is late", () => {
  it("does not hide what others have written since", async () => {
    const { informer } = follow();
    await informer.synced();
    const late = proxy.inject({ verb: "create", act: hold("reply") });
    const creation = create("a", newClient(proxiedKubeconfig));
    await expect.poll(() => informer.list().length).toBe(1);
    const newer = await change(informer.list()[0]!, "1");
    await informer.waitFor(newer.metadata.resourceVersion, { timeoutMs: 5000 });
    late.release();
    informer.recordWrite(await creation);
    expect(informer.get(newer.metadata)?.metadata.resourceVersion).toBe(newer.metadata.resourceVersion);
  });

  it("does not raise what others have deleted since", async () => {
    const { informer, changes } = follow();
    await informer.synced();
    const late = proxy.inject({ verb: "create", act: hold("reply") });
    const creation = create("a", newClient(proxiedKubeconfig));
    await expect.poll(() => informer.list().length).toBe(1);
    await remove(informer.list()[0]!);
    await expect.poll(() => changes.at(-1)?.type).toBe("deleted");
    late.release();
    informer.recordWrite(await creation);
    expect(informer.list()).toEqual([]);
  });
});

describe("through faults of every kind in any order", () => {
  const onWatch = (act: Act): FaultRule => ({ verb: "watch", times: 1, act });
  const onList = (act: Act): FaultRule => ({ verb: "list", times: 1, act });
  const calm = undefined;
  const rounds: (FaultRule | undefined)[] = [
    onWatch(cutWatch("end")),
    onWatch(cutWatch("reset")),
    onWatch(cutWatch("midEvent")),
    onWatch(garbleWatch()),
    onWatch(expireWatch()),
    calm,
    onWatch(duplicateWatch()),
    onWatch(replayWatch(64)),
    onWatch(freezeWatch()),
    onWatch(dropBefore()),
    onWatch(answer(503)),
    onList(answer(429, { retryAfter: "soon" })),
    onList(answer(500)),
    onWatch(answer(410)),
    onWatch(cutWatch("end")),
    onList(resetMidBody()),
    onList(dropBefore()),
    onWatch(expireWatch()),
  ];

  it("the informer ends with what is stored, and has told a true story of each object", async () => {
    const { informer, changes } = follow();
    await informer.synced();
    const objects = new Map<string, ConfigMap>();
    const struck: FaultHandle[] = [];
    for (let round = 0; round < 6 * rounds.length; round++) {
      const rule = rounds[round % rounds.length];
      if (rule) struck.push(proxy.inject(rule));
      await somethingHappens("abcde"[round % 5]!, objects);
      // Now and then the watch recovers, else the faults would only meet one that is down already.
      const truth = versions([...objects.values()]);
      if (round % 2 === 1) await expect.poll(() => versions(informer.list())).toEqual(truth);
    }
    expect(versions([...replay(changes).values()])).toEqual(await stored());
    expect(informer.relists).toBeGreaterThan(0);
    expect(struck.filter(({ hits }) => hits > 0).length).toBeGreaterThan(struck.length / 2);
  });
});

/** Changes the object twice or deletes it, and creates it again: half of them at once, the others in their next turn. */
async function somethingHappens(name: string, objects: Map<string, ConfigMap>): Promise<void> {
  const known = objects.get(name);
  const changes = Number(known?.data?.["value"] ?? 0);
  if (known && changes < 2) {
    objects.set(name, await change(await change(known, "soon"), String(changes + 1)));
    return;
  }
  if (known) await remove(known);
  objects.delete(name);
  if (!known || name < "c") objects.set(name, await create(name));
}

/** Follows the changes as a careful reader would, who believes nothing that contradicts what was told before. */
function replay(changes: readonly Change<ConfigMap>[]): Map<string, ConfigMap> {
  const told = new Map<string, ConfigMap>();
  for (const { type, object, previous } of changes) {
    const key = keyOf(object.metadata);
    const known = told.get(key);
    if (type === "added") expect(known).toBeUndefined();
    else expect(known?.metadata.uid).toBe(object.metadata.uid);
    if (type === "modified") {
      expect(previous).toBe(known);
      expect(Number(object.metadata.resourceVersion)).toBeGreaterThan(
        Number(known!.metadata.resourceVersion),
      );
    }
    if (type === "deleted") told.delete(key);
    else told.set(key, object);
  }
  return told;
}
