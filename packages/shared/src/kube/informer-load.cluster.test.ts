import { monitorEventLoopDelay } from "node:perf_hooks";
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
    const loop = monitorEventLoopDelay({ resolution: 5 });
    loop.enable();
    informer.start(stop.signal);
    await informer.synced();
    loop.disable();
    expect(informer.list().filter(({ metadata }) => metadata.name.startsWith("c-"))).toHaveLength(OBJECTS);
    expect(informer.byIndex("size", "3000")).toHaveLength(OBJECTS);
    expect(loop.max / 1e6).toBeLessThan(200);
  });
});
