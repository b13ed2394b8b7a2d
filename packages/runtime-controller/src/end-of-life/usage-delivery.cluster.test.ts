import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { text } from "node:stream/consumers";
import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { answer } from "@datalayer/devcluster/testkit/fault-proxy";
import { ConfigMap } from "@datalayer/shared/kube/kinds";
import { pointer } from "@datalayer/shared/kube/json-patch";
import { beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness, type TestReplica } from "../../test/harness.ts";
import { usage } from "../../test/usage.ts";
import type { UsageRecord } from "./usage-record.ts";
import { appendPatch, planAppend, segmentManifest } from "./usage-segments.ts";

/** What the sink does with a request: answers with this status, or breaks the connection. */
type Behaviour = number | "reset";

interface Received {
  id: string;
  idempotencyKey: unknown;
  apiKey: unknown;
  outcome: Behaviour;
}

const sinkKey = "key-of-the-sink-0123";
let harness: Harness;
let leader: TestReplica;
let sinkUrl: string;
const received: Received[] = [];
/** How the next requests are met; after them, all are taken. */
const next: Behaviour[] = [];

async function startSink(): Promise<string> {
  const server = createServer((request: IncomingMessage, response) => {
    void text(request).then((body) => {
      const { id } = JSON.parse(body) as UsageRecord;
      const outcome = next.shift() ?? 204;
      const { headers } = request;
      received.push({
        id,
        idempotencyKey: headers["idempotency-key"],
        apiKey: headers["x-api-key"],
        outcome,
      });
      if (outcome === "reset") request.socket.resetAndDestroy();
      else response.writeHead(outcome, outcome === 503 ? { "retry-after": "1" } : {}).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  afterFile(async () => {
    server.closeAllConnections();
    await promisify(server.close.bind(server))();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/usage`;
}

const startLeader = (name: string): Promise<TestReplica> =>
  harness.startReplica(name, {
    settings: { DATALAYER_USAGE_SINK_URL: sinkUrl, DATALAYER_USAGE_SINK_KEY: sinkKey },
  });

beforeAll(async () => {
  harness = await startHarness();
  sinkUrl = await startSink();
  await record(0, "first-a", "first-b", "first-c");
  leader = await startLeader("leader");
});

/** Stores records after the last one, as a leader would. */
async function record(last: number, ...ids: string[]): Promise<void> {
  const append = planAppend(
    last,
    ids.map((id) => usage(id)),
  );
  const { namespace, admin } = harness;
  if (last === 0) await admin.create(ConfigMap, segmentManifest(namespace, append));
  else await admin.patch(ConfigMap, { namespace, name: append.segment }, appendPatch(append));
}

async function delivered(): Promise<string | undefined> {
  const { items } = await harness.admin.list(ConfigMap, { namespace: harness.namespace });
  return items.find(({ metadata }) => metadata.name === "runtime-usage-delivery")?.data?.["delivered"];
}

async function untilDelivered(place: number): Promise<void> {
  await eventually(async () => (await delivered()) === String(place), {
    timeoutMs: 40_000,
    message: `record ${place} being delivered`,
  });
}

const idsFrom = (index: number): string[] => received.slice(index).map(({ id }) => id);

describe("the delivery of usage", () => {
  it("sends every record once and in order, under its id and with the key", async () => {
    await untilDelivered(3);
    expect(received).toEqual(
      ["first-a", "first-b", "first-c"].map((id) => ({
        id,
        idempotencyKey: id,
        apiKey: sinkKey,
        outcome: 204,
      })),
    );
    await harness.warmPool({ name: "pool", size: 1, burningRate: 1 });
    const { body } = await leader.claim({ pool_name: "pool" });
    await leader.ask("DELETE", `/runtimes/${body.runtime.pod_name}`);
    await untilDelivered(4);
    expect(received).toHaveLength(4);
  });

  it("repeats what the sink refuses or does not answer, and takes 409 for taken", async () => {
    const before = received.length;
    next.push(500, "reset", 503, 409);
    await record(4, "again-a", "again-b");
    await untilDelivered(6);
    expect(idsFrom(before)).toEqual(["again-a", "again-a", "again-a", "again-a", "again-b"]);
    await expect.poll(() => leader.counter("datalayer_usage_undelivered")).toBe(0);
  });

  it("goes on where the last leader was, repeating no more than what it had not noted as taken", async () => {
    const before = received.length;
    const rule = { client: "leader", verb: "patch", resource: "configmaps" } as const;
    const fault = harness.proxy.inject({ ...rule, name: "runtime-usage-delivery", nth: 2, act: answer(500) });
    await record(6, "next-a", "next-b", "next-c");
    await fault.struck();
    await leader.kill();
    await harness.expireLease("leader");
    leader = await startLeader("successor");
    await untilDelivered(9);
    expect(idsFrom(before)).toEqual(["next-a", "next-b", "next-b", "next-c"]);
  });

  it("is not misled by a cursor that is behind: another leader may have moved it", async () => {
    const before = received.length;
    const ref = { namespace: harness.namespace, name: "runtime-usage-delivery" };
    await record(9, "moved-a");
    await untilDelivered(10);
    const path = pointer("data", "delivered");
    await harness.admin.patch(ConfigMap, ref, [{ op: "replace", path, value: "11" }]);
    await record(10, "moved-b");
    await record(11, "moved-c");
    await untilDelivered(12);
    expect(idsFrom(before).filter((id) => id === "moved-c")).toHaveLength(1);
  });
});
