import { answer } from "@datalayer/devcluster/testkit/fault-proxy";
import { ManualClock } from "@datalayer/shared/clock/manual-clock";
import { SettingsError } from "@datalayer/shared/config/settings";
import { Secret } from "@datalayer/shared/kube/kinds";
import { type Logger, silentLogger } from "@datalayer/shared/log/logger";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "../../test/harness.ts";
import { settings } from "../config.ts";
import { type ApiKeySource, apiKeySource } from "./api-keys.ts";

const name = "datalayer-operator-api-key";
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
  const { items } = await admin.list(Secret, { namespace, fieldSelector: `metadata.name=${name}` });
  await Promise.all(items.map(({ metadata }) => admin.delete(Secret, metadata, { uid: metadata.uid })));
});

async function sourceOf(
  replica: string,
  environment: Record<string, string> = { DATALAYER_OPERATOR_API_KEY_SECRET: name },
  log: Logger = silentLogger,
): Promise<ApiKeySource> {
  const client = await harness.operatorClient(replica);
  const parsed = settings.parse({ POD_NAMESPACE: harness.namespace, ...environment });
  return apiKeySource({ settings: parsed, client, clock, log });
}

async function setKeys(keys: Record<string, string>): Promise<void> {
  const { namespace, admin } = harness;
  const data = Object.fromEntries(Object.entries(keys).map(([entry, key]) => [entry, btoa(key)]));
  await admin.patch(Secret, { namespace, name }, [{ op: "replace", path: "/data", value: data }]);
}

/** Has the keys read again, as a request would that comes after ten seconds. */
async function readAgain(source: ApiKeySource): Promise<void> {
  await clock.advance(10_001);
  const before = reads();
  source.keys();
  await expect.poll(reads).toBeGreaterThan(before);
}

const reads = (): number => harness.proxy.log.select({ verb: "get", resource: "secrets" }).length;

describe("the API key in a Secret", () => {
  it("is made once, however many replicas start at once", async () => {
    const replicas = await Promise.all(["one", "two", "three"].map((replica) => sourceOf(replica)));
    expect(replicas.map((source) => source.keys())).toEqual([[], [], []]);
    await Promise.all(replicas.map(async (source) => await source.readiness()));
    const keys = replicas.map((source) => [...new Set(source.keys())]);
    expect(keys[0]).toEqual([expect.stringMatching(/^[\w-]{43}$/)]);
    expect(new Set(keys.flat()).size).toBe(1);
  });

  it("is hidden from the log", async () => {
    const hidden: unknown[] = [];
    const log = { ...silentLogger, redact: (secret: unknown) => void hidden.push(secret) };
    const source = await sourceOf("logging", undefined, log);
    await source.readiness();
    expect(hidden).toEqual(source.keys());
  });

  it("is replaced without a restart, and the previous one is good beside it", async () => {
    const source = await sourceOf("rotating");
    await source.readiness();
    const [first = ""] = source.keys();
    await setKeys({ apiKey: "the-new-key-0123456789", previousApiKey: first });
    expect(source.keys()).not.toContain("the-new-key-0123456789");
    await readAgain(source);
    await expect.poll(() => source.keys()).toEqual(["the-new-key-0123456789", first]);
  });

  it("stays valid while the Secret holds none that is fit", async () => {
    const warnings: string[] = [];
    const log = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
    const source = await sourceOf("spoilt", undefined, log);
    await source.readiness();
    const keys = source.keys();
    await setKeys({ apiKey: "short" });
    await readAgain(source);
    await expect.poll(() => warnings).toEqual([expect.stringContaining(name)]);
    expect(source.keys()).toEqual(keys);
  });

  it("is never made anew because it cannot be read; until then the process is not ready", async () => {
    const source = await sourceOf("refused");
    harness.proxy.inject({ client: "refused", verb: "get", resource: "secrets", act: answer(403) });
    await expect(source.readiness()).rejects.toMatchObject({ status: 403 });
    expect(source.keys()).toEqual([]);
    expect(harness.proxy.log.writes({ client: "refused" })).toEqual([]);
  });
});

describe("the settings of the API key", () => {
  it.each([
    ["neither is set", {}],
    [
      "both are set",
      { DATALAYER_OPERATOR_API_KEY: "0123456789abcdef", DATALAYER_OPERATOR_API_KEY_SECRET: name },
    ],
  ])("are refused when %s", async (state, environment) => {
    const expected = `DATALAYER_OPERATOR_API_KEY and DATALAYER_OPERATOR_API_KEY_SECRET: ${state}; expected one of them`;
    await expect(sourceOf("misled", environment)).rejects.toThrow(new SettingsError([expected]));
  });
});
