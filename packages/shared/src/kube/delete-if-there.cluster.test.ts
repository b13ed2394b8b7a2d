import { testNamespace, useCluster } from "@datalayer/devcluster/testkit/cluster";
import {
  answer,
  dropAfter,
  type FaultProxy,
  startFaultProxy,
} from "@datalayer/devcluster/testkit/fault-proxy";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadAccess } from "./access.ts";
import { deleteIfThere } from "./delete-if-there.ts";
import { ConfigMap } from "./kinds.ts";
import { RestClient } from "./rest.ts";

let client: RestClient;
let proxy: FaultProxy;
let namespace: string;

beforeAll(async () => {
  const cluster = await useCluster();
  namespace = await testNamespace();
  proxy = await startFaultProxy(cluster);
  const { kubeconfigYaml } = await proxy.client("client");
  client = new RestClient({ access: loadAccess({ kubeconfigYaml }), userAgent: "t", fieldManager: "t" });
});

afterAll(async () => {
  await client.close();
  await proxy.close();
});

const { apiVersion, kind } = ConfigMap;
const create = (name: string) =>
  client.create(ConfigMap, { apiVersion, kind, metadata: { name, namespace } });
const isThere = async (name: string): Promise<boolean> => {
  const { items } = await client.list(ConfigMap, { namespace });
  return items.some(({ metadata }) => metadata.name === name);
};

describe("deleting an object if it is there", () => {
  it("deletes it, and is content when it is gone", async () => {
    const { metadata } = await create("one");
    await deleteIfThere(client, ConfigMap, metadata);
    expect(await isThere("one")).toBe(false);
    await deleteIfThere(client, ConfigMap, metadata);
  });

  it("is content when its first answer was lost", async () => {
    const { metadata } = await create("lost");
    proxy.inject({ verb: "delete", name: "lost", times: 1, act: dropAfter() });
    await deleteIfThere(client, ConfigMap, metadata);
    expect(await isThere("lost")).toBe(false);
  });

  it("leaves another one of that name alone", async () => {
    const { metadata } = await create("replaced");
    await deleteIfThere(client, ConfigMap, metadata);
    await create("replaced");
    await deleteIfThere(client, ConfigMap, metadata);
    expect(await isThere("replaced")).toBe(true);
  });

  it("does not take any conflict for that", async () => {
    const { metadata } = await create("busy");
    proxy.inject({ verb: "delete", name: "busy", times: 1, act: answer(409) });
    await expect(deleteIfThere(client, ConfigMap, metadata)).rejects.toMatchObject({ status: 409 });
    await deleteIfThere(client, ConfigMap, metadata);
    expect(await isThere("busy")).toBe(false);
  });
});
