import { testNamespace, useCluster } from "@datalayer/devcluster/testkit/cluster";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadAccess } from "./access.ts";
import { Informer } from "./informer.ts";
import { ConfigMap } from "./kinds.ts";
import { RestClient } from "./rest.ts";

const OBJECTS = 5_000;
/** With it an object is as large as a Pod of ours: some 3.5 kB. */
const PADDING = "x".repeat(3_000);

const stop = new AbortController();
let client: RestClient;
let namespace: string;

beforeAll(async () => {
  const { kubeconfigPath } = await useCluster();
  client = new RestClient({
    access: loadAccess({ kubeconfigPath }),
    userAgent: "t",
    fieldManager: "t",
    connections: 32,
  });
  namespace = await testNamespace();
  let next = 0;
  const createAll = async (): Promise<void> => {
    for (let index = next++; index < OBJECTS; index = next++) {
      const metadata = { namespace, name: `c-${index}` };
      await client.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata, data: { PADDING } });
    }
  };
  await Promise.all(Array.from({ length: 32 }, createAll));
});

afterAll(async () => {
  stop.abort();
  await client.close();
});

describe(`a cache of ${OBJECTS} objects`, () => {
  it("is filled without blocking the event loop for 200 ms", async () => {
    const informer = new Informer({
      client,
      kind: ConfigMap,
      namespace,
      indexes: { size: ({ data }) => [String(data?.["PADDING"]?.length)] },
    });
    const longestTurnMs = measureTurns();
    informer.start(stop.signal);
    await informer.synced();
    const blockedMs = longestTurnMs();
    expect(informer.list().filter(({ metadata }) => metadata.name.startsWith("c-"))).toHaveLength(OBJECTS);
    expect(informer.byIndex("size", "3000")).toHaveLength(OBJECTS);
    expect(blockedMs).toBeLessThan(200);
  });
});

/**
 * Answers later with the longest turn of the event loop since now, in CPU time of this thread: unlike the delay
 * of a timer it does not grow when other processes want the same cores.
 */
function measureTurns(): () => number {
  let longest = 0;
  let last = cpuMs();
  let running = true;
  const turn = (): void => {
    const now = cpuMs();
    longest = Math.max(longest, now - last);
    last = now;
    if (running) setImmediate(turn);
  };
  setImmediate(turn);
  return () => {
    running = false;
    return longest;
  };
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
