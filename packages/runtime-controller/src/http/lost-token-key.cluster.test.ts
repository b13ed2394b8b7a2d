import { type Logger, silentLogger } from "@datalayer/shared/log/logger";
import { pointer } from "@datalayer/shared/kube/json-patch";
import { Pod } from "@datalayer/shared/kube/kinds";
import { beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness, type TestReplica } from "../../test/harness.ts";
import { annotation } from "../runtime/names.ts";
import type { RuntimeView } from "./schemas.ts";

let cluster: Harness;
let replica: TestReplica;
const warnings: string[] = [];
const log: Logger = {
  ...silentLogger,
  warn: (message) => void warnings.push(message),
  child: () => log,
};

beforeAll(async () => {
  cluster = await startHarness();
  replica = await cluster.startReplica("keys", { log });
  await cluster.warmPool({ name: "python", size: 2 });
});

async function claimed(): Promise<RuntimeView> {
  const { status, body } = await replica.claim({ environment_name: "python", user_uid: "me" });
  expect(status).toBe(201);
  return body.runtime;
}

/** Gives the Pod a key that nobody has, and waits until the replica knows of it. */
async function loseKey({ pod_name: name }: RuntimeView): Promise<void> {
  const path = pointer("metadata", "annotations", annotation.tokenKeyId);
  const ref = { namespace: cluster.namespace, name };
  await cluster.admin.patch(Pod, ref, [{ op: "replace", path, value: "lost" }]);
  await expect
    .poll(async () => (await replica.ask("GET", `/runtimes/${name}`)).body.runtime.token)
    .toBeNull();
}

describe("a runtime whose token key is lost", () => {
  it("is shown without a token, beside those that have one, with one warning", async () => {
    const [lost, other] = [await claimed(), await claimed()];
    await loseKey(lost);
    const { status, body } = await replica.ask("GET", "/runtimes?user_uid=me");
    expect(status).toBe(200);
    const shown = new Map((body["runtimes"] as RuntimeView[]).map((view) => [view.pod_name, view]));
    expect(shown.get(lost.pod_name)).toEqual({ ...lost, token: null });
    expect(shown.get(other.pod_name)).toEqual(other);
    const told = warnings.filter((message) => message.includes('lost "key-lost"'));
    expect(told).toEqual([
      `Secret ${cluster.namespace}/datalayer-operator-token-keys has lost "key-lost": ` +
        "runtimes that name it are shown without a token",
    ]);
    const path = `/runtimes/${lost.pod_name}`;
    const renamed = await replica.ask("PUT", path, { body: { given_name: "still mine" } });
    expect(renamed.body).toMatchObject({ runtime: { token: null, given_name: "still mine" } });
    expect((await replica.ask("DELETE", path)).status).toBe(200);
  });
});
