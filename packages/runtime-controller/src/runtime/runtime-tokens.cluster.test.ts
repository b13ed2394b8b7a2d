import { answer } from "@datalayer/devcluster/testkit/fault-proxy";
import { ManualClock } from "@datalayer/shared/clock/manual-clock";
import { Secret } from "@datalayer/shared/kube/kinds";
import { silentLogger } from "@datalayer/shared/log/logger";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "../../test/harness.ts";
import { RuntimeTokens } from "./runtime-tokens.ts";

const secretName = "datalayer-operator-token-keys";
let harness: Harness;
let clock: ManualClock;

beforeAll(async () => {
  harness = await startHarness();
});

beforeEach(() => {
  clock = new ManualClock();
});

afterEach(async () => {
  harness.proxy.clearFaults();
  const { namespace, admin } = harness;
  const { items } = await admin.list(Secret, { namespace, fieldSelector: `metadata.name=${secretName}` });
  await Promise.all(items.map(({ metadata }) => admin.delete(Secret, metadata, { uid: metadata.uid })));
});

async function tokensOf(replica: string): Promise<RuntimeTokens> {
  const client = await harness.operatorClient(replica);
  const secret = { namespace: harness.namespace, name: secretName };
  return new RuntimeTokens({ client, secret, clock, log: silentLogger });
}

const runtimeOf = (tokenKeyId: string) => ({ tokenKeyId, namespace: harness.namespace, ulid: "01k" });
const reads = (replica: string): number =>
  harness.proxy.log.select({ client: replica, verb: "get", resource: "secrets" }).length;

async function rotate(newId: string): Promise<void> {
  const ref = { namespace: harness.namespace, name: secretName };
  const text = (value: string): string => Buffer.from(value).toString("base64");
  await harness.admin.patch(Secret, ref, [
    { op: "add", path: `/data/key-${newId}`, value: text(Buffer.from("secret").toString("base64")) },
    { op: "replace", path: "/data/current", value: text(newId) },
  ]);
}

describe("the seals of bodies", () => {
  it("are known to every replica, also after a rotation, and fit one body", async () => {
    const [maker, reader] = [await tokensOf("maker"), await tokensOf("reader")];
    const early = await maker.seal("body-1");
    expect(await reader.isSealOf(early, "body-1")).toBe(true);
    expect(await reader.isSealOf(early, "body-2")).toBe(false);
    await rotate("later");
    const late = await (await tokensOf("new-maker")).seal("body-1");
    expect(late).toMatch(/^later\./);
    // A key that came since is read when a seal names it.
    expect(await reader.isSealOf(late, "body-1")).toBe(true);
    expect(await reader.isSealOf(early, "body-1")).toBe(true);
  });

  it.each(["", "body-1", "lost.0123"])("are not what has no key here: %j", async (seal) => {
    expect(await (await tokensOf("strange")).isSealOf(seal, "body-1")).toBe(false);
  });
});

describe("the keys of tokens", () => {
  it("are made once, however many replicas start at once", async () => {
    const replicas = await Promise.all(["one", "two", "three"].map(tokensOf));
    const ids = await Promise.all(replicas.map((tokens) => tokens.currentKeyId()));
    expect(new Set(ids).size).toBe(1);
    const tokens = await Promise.all(replicas.map((replica) => replica.of(runtimeOf(ids[0]!))));
    expect(new Set(tokens).size).toBe(1);
  });

  it("are read once for many tokens", async () => {
    const tokens = await tokensOf("many");
    const keyId = await tokens.currentKeyId();
    for (let count = 0; count < 5; count++) await tokens.of(runtimeOf(keyId));
    expect(reads("many")).toBe(1);
  });

  it("serve new Pods within a minute of a rotation, and old Pods keep their tokens", async () => {
    const tokens = await tokensOf("rotating");
    const oldId = await tokens.currentKeyId();
    const oldToken = await tokens.of(runtimeOf(oldId));
    await rotate("fresh");
    expect(await tokens.currentKeyId()).toBe(oldId);
    await clock.advance(60_001);
    expect(await tokens.currentKeyId()).toBe("fresh");
    expect(await tokens.of(runtimeOf(oldId))).toBe(oldToken);
    expect(await tokens.of(runtimeOf("fresh"))).not.toBe(oldToken);
  });

  it("are read again at once for a Pod that names a key made since", async () => {
    const tokens = await tokensOf("behind");
    await tokens.currentKeyId();
    await rotate("newer");
    expect(await tokens.of(runtimeOf("newer"))).toMatch(/^[\w-]{43}$/);
  });

  it("are read once for many runtimes whose key is lost", async () => {
    const tokens = await tokensOf("lost");
    await tokens.currentKeyId();
    const found = await Promise.all(Array.from({ length: 20 }, () => tokens.find(runtimeOf("lost"))));
    expect(new Set(found)).toEqual(new Set([undefined]));
    expect(reads("lost")).toBe(2);
  });

  it("are never made anew because they cannot be read", async () => {
    const tokens = await tokensOf("refused");
    harness.proxy.inject({ client: "refused", verb: "get", resource: "secrets", act: answer(403) });
    await expect(tokens.currentKeyId()).rejects.toMatchObject({ status: 403 });
    expect(harness.proxy.log.writes({ client: "refused" })).toEqual([]);
  });

  it.each(["cluster", "current", "key-a"])("are refused when the Secret has no entry %s", async (entry) => {
    const entries = Object.entries({ cluster: "c", current: "a", "key-a": "YQ==" });
    const data = entries.flatMap(([name, text]) => (name === entry ? [] : [[name, btoa(text)]]));
    await harness.admin.create(Secret, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { namespace: harness.namespace, name: secretName },
      data: Object.fromEntries(data) as Record<string, string>,
    });
    const tokens = await tokensOf(`without-${entry}`);
    await expect(tokens.currentKeyId()).rejects.toThrow(`${secretName} has no entry "${entry}"`);
  });
});
