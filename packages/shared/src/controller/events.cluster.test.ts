import { randomBytes } from "node:crypto";
import { testNamespace, useCluster } from "@datalayer/devcluster/testkit/cluster";
import { answer, hold, startFaultProxy, type FaultProxy } from "@datalayer/devcluster/testkit/fault-proxy";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { storedConfigMap } from "../../test/config-map.ts";
import { ManualClock } from "../clock/manual-clock.ts";
import { loadAccess } from "../kube/access.ts";
import { ConfigMap, Event } from "../kube/kinds.ts";
import { RestClient } from "../kube/rest.ts";
import { EventRecorder, type EventNote } from "./events.ts";

const MINUTE_MS = 60_000;

let namespace: string;
let proxy: FaultProxy;
let client: RestClient;
let clock: ManualClock;
let events: EventRecorder;
let dropped: number;
let object: ConfigMap;

beforeAll(async () => {
  const { kubeconfigPath } = await useCluster();
  namespace = await testNamespace();
  proxy = await startFaultProxy({ kubeconfigPath });
  const access = loadAccess({ kubeconfigPath: (await proxy.client("events")).kubeconfigPath });
  client = new RestClient({ access, userAgent: "events-test", fieldManager: "events-test" });
});

afterAll(async () => {
  await client.close();
  await proxy.close();
});

beforeEach(() => {
  proxy.clearFaults();
  proxy.log.clear();
  clock = new ManualClock(Date.now());
  dropped = 0;
  events = new EventRecorder({
    client,
    reportingController: "datalayer.io/test",
    reportingInstance: "pod-1_0000",
    clock,
    onDrop: () => dropped++,
  });
  const name = `c-${randomBytes(4).toString("hex")}`;
  object = storedConfigMap({ namespace, name, uid: `uid-${name}` });
});

const note: EventNote = { type: "Normal", reason: "Refilled", note: "3 of 3 runtimes are available." };

async function stored(): Promise<Event[]> {
  await events.flush();
  const fieldSelector = `regarding.name=${object.metadata.name}`;
  return (await client.list(Event, { namespace, fieldSelector })).items;
}

const writes = () => proxy.log.writes({ resource: "events" });

describe("a recorder", () => {
  it("writes what happened to which object, and who says so", async () => {
    events.record(object, { ...note, action: "Refill" });
    expect(await stored()).toEqual([
      expect.objectContaining({
        ...note,
        action: "Refill",
        reportingController: "datalayer.io/test",
        reportingInstance: "pod-1_0000",
        regarding: expect.objectContaining({ kind: "ConfigMap", uid: object.metadata.uid }) as unknown,
      }),
    ]);
  });

  it("cuts what is too long, between characters", async () => {
    events.record(object, { ...note, reason: "R".repeat(200), note: "é".repeat(600) + "x" });
    const [event] = await stored();
    expect(event!.reason).toHaveLength(128);
    expect(event!.note).toBe("é".repeat(512));
  });

  it("makes one series of repetitions, and writes it at the second and then every half hour", async () => {
    for (let minute = 0; minute < 40; minute += 5) {
      events.record(object, note);
      await events.flush();
      await clock.advance(5 * MINUTE_MS);
    }
    expect(writes().map(({ verb }) => verb)).toEqual(["create", "patch", "patch"]);
    const [event, ...others] = await stored();
    expect(event!.series!.count).toBe(8);
    expect(others).toEqual([]);
  });

  it("begins anew after six minutes of quiet, and for another reason", async () => {
    events.record(object, note);
    await clock.advance(6 * MINUTE_MS);
    events.record(object, note);
    events.record(object, { ...note, reason: "Shrunk" });
    expect(await stored()).toHaveLength(3);
  });

  it("begins anew when the Event has expired", async () => {
    events.record(object, note);
    const [event] = await stored();
    await client.delete(Event, event!.metadata, { uid: event!.metadata.uid });
    events.record(object, note);
    await events.flush();
    events.record(object, note);
    expect(await stored()).toHaveLength(1);
  });

  it("lets 25 Events of an object through at once, then one in 300 s; others are not affected", async () => {
    for (let index = 0; index < 40; index++) events.record(object, { ...note, reason: `R${index}` });
    expect(await stored()).toHaveLength(25);
    expect(dropped).toBe(15);
    events.record({ ...object, metadata: { ...object.metadata, uid: "another" } }, note);
    await clock.advance(300_000);
    events.record(object, { ...note, reason: "Later" });
    events.record(object, { ...note, reason: "TooSoon" });
    expect(await stored()).toHaveLength(27);
    expect(dropped).toBe(16);
  });

  it("never waits, and drops when the API server does not answer", async () => {
    const fault = proxy.inject({ resource: "events", verb: "create", act: hold() });
    for (let index = 0; index < 200; index++) {
      const uid = `uid-${index}`;
      events.record({ ...object, metadata: { ...object.metadata, uid } }, note);
    }
    expect(dropped).toBe(100);
    await fault.struck();
    expect(writes()).toHaveLength(1);
    fault.remove();
    expect(await stored()).toHaveLength(100);
  });

  it("drops what is refused, and tries again the next time", async () => {
    const refusal = proxy.inject({ resource: "events", verb: "create", act: answer(403), times: 1 });
    events.record(object, note);
    expect(await stored()).toEqual([]);
    expect(dropped).toBe(1);
    expect(refusal.hits).toBe(1);
    events.record(object, note);
    expect(await stored()).toHaveLength(1);
  });
});
