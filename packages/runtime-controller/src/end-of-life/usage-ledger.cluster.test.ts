import { type Clock, systemClock } from "@datalayer/shared/clock/clock";
import { ManualClock } from "@datalayer/shared/clock/manual-clock";
import { Informer } from "@datalayer/shared/kube/informer";
import { ConfigMap } from "@datalayer/shared/kube/kinds";
import { dropAfter } from "@datalayer/devcluster/testkit/fault-proxy";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "../../test/harness.ts";
import { usage } from "../../test/usage.ts";
import { enoughRecords, UsageLedger } from "./usage-ledger.ts";
import { recordsOf, segmentLabel } from "./usage-segments.ts";

let harness: Harness;

beforeAll(async () => {
  harness = await startHarness();
});

interface Writer {
  kube: RestClient;
  ledger: UsageLedger;
  stop: () => void;
}

/** A replica's ledger, with a cache of its own. */
async function writer(name: string, changed: { keptRecords?: number; clock?: Clock } = {}): Promise<Writer> {
  const { namespace } = harness;
  const kube = await harness.operatorClient(name);
  const labelSelector = `${segmentLabel.name}=${segmentLabel.value}`;
  const configMaps = new Informer({ client: kube, kind: ConfigMap, namespace, labelSelector });
  const running = new AbortController();
  configMaps.start(running.signal);
  await configMaps.synced();
  const usual = { keptRecords: 10_000, delivered: () => Infinity, clock: systemClock };
  const ledger = new UsageLedger({ configMaps, namespace, ...usual, ...changed });
  return { kube, ledger, stop: () => running.abort() };
}

async function stored(): Promise<{ sequence: number; id: string }[]> {
  const { items } = await harness.admin.list(ConfigMap, {
    namespace: harness.namespace,
    labelSelector: segmentLabel.name,
  });
  return items
    .flatMap((item) => recordsOf(item))
    .map(({ sequence, record }) => ({ sequence, id: record.id }))
    .sort((a, b) => a.sequence - b.sequence);
}

const ids = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

describe("the ledger of usage", () => {
  it("stores what ends together by few writes, without gaps, and once", async () => {
    const { kube, ledger } = await writer("gathering");
    await Promise.all(ids("together", 130).map((id) => ledger.append(usage(id), kube)));
    await ledger.append(usage("together-7"), kube);
    const all = await stored();
    expect(all.map(({ sequence }) => sequence)).toEqual(all.map((_, index) => index + 1));
    expect(all.map(({ id }) => id)).toEqual(ids("together", 130));
    expect(harness.proxy.log.writes({ where: ({ client }) => client === "gathering" })).toHaveLength(2);
    expect(ledger.page(0, { limit: 100 })).toMatchObject({ more: true, last: 100 });
    expect(ledger.page(100, { limit: 100 })).toMatchObject({ more: false, last: 130 });
  });

  it("loses and doubles nothing when two leaders write at once", async () => {
    const [one, other] = [await writer("one"), await writer("other")];
    const shared = ids("shared", 20);
    const append = (by: Writer, id: string): Promise<void> => by.ledger.append(usage(id), by.kube);
    await Promise.all([
      ...shared.map((id) => append(one, id)),
      ...shared.map((id) => append(other, id)),
      ...ids("of-one", 40).map((id) => append(one, id)),
      ...ids("of-other", 40).map((id) => append(other, id)),
    ]);
    const all = await stored();
    expect(all.map(({ sequence }) => sequence)).toEqual(all.map((_, index) => index + 1));
    const mine = all.map(({ id }) => id).filter((id) => !id.startsWith("together"));
    expect(new Set(mine)).toEqual(new Set([...shared, ...ids("of-one", 40), ...ids("of-other", 40)]));
    expect(mine).toHaveLength(100);
  });

  it("keeps a few waiting for others, and enough of them for nobody", async () => {
    const clock = new ManualClock();
    const { kube, ledger } = await writer("patient", { clock });
    const append = (id: string): Promise<void> => ledger.append(usage(id), kube);
    await Promise.all(ids("enough", 3 * enoughRecords).map(append));
    expect(clock.monotonicMs()).toBe(0);
    const few = ids("few", enoughRecords - 1).map(append);
    expect((await stored()).filter(({ id }) => id.startsWith("few"))).toEqual([]);
    await clock.advance(1_000);
    await Promise.all(few);
    expect((await stored()).filter(({ id }) => id.startsWith("few"))).toHaveLength(few.length);
  });

  it("knows its own record again when the answer to the write was lost", async () => {
    const { kube, ledger, stop } = await writer("unlucky");
    // Nothing tells it later either.
    stop();
    harness.proxy.inject({
      client: "unlucky",
      verb: "patch",
      resource: "configmaps",
      times: 1,
      act: dropAfter(),
    });
    await expect(ledger.append(usage("lost-answer"), kube)).rejects.toThrow();
    await ledger.append(usage("lost-answer"), kube);
    expect((await stored()).filter(({ id }) => id === "lost-answer")).toHaveLength(1);
  });

  it("drops the oldest records by the hundred when there are more than are kept", async () => {
    const full = (await stored()).length;
    const room = 100 - (full % 100);
    const { kube, ledger } = await writer("tidy", { keptRecords: 100 });
    await Promise.all(ids("filling", room + 1).map((id) => ledger.append(usage(id), kube)));
    const [first] = await stored();
    expect(first!.sequence).toBe(full + room - 99);
    expect(ledger.oldest).toBe(first!.sequence);
  });
});
