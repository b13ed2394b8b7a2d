import { randomBytes } from "node:crypto";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { answer, dropAfter } from "@datalayer/devcluster/testkit/fault-proxy";
import { Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { Widget } from "../../test/widget.ts";
import { echo, useWidgets } from "../../test/widget-stage.ts";
import { systemClock } from "../clock/clock.ts";
import { Informer } from "../kube/informer.ts";
import { ConfigMap, Event } from "../kube/kinds.ts";
import type { ObjectRef } from "../kube/object.ts";
import { findCondition } from "./conditions.ts";
import { controllerMetrics } from "./metrics.ts";
import { settled, stalled, waiting } from "./outcome.ts";

const stage = useWidgets();
const { start, createWidget, read, setSize, isGone, deleteWidget, untilCondition } = stage;

const statusWrites = (ref: ObjectRef) =>
  stage.proxy.log.writes({ resource: "widgets/status", name: ref.name });

const commitsTo = (ref: ObjectRef) => stage.proxy.log.commits({ resource: "widgets/status", name: ref.name });

describe("a reconcile", () => {
  it("writes the status once, with summary and generation, and again only when something changes", async () => {
    const seen: number[] = [];
    const widgets = await start({
      reconcile: (widget) => {
        seen.push(widget.spec.size);
        return echo(widget);
      },
    });
    const { metadata } = await createWidget(3);
    const ready = await untilCondition(metadata, "Ready", "True");
    expect(ready.status).toMatchObject({ size: 3, observedGeneration: 1 });
    expect(ready.status!.conditions!.map(({ type, status }) => `${type}=${status}`)).toEqual([
      "Ready=True",
      "Reconciling=False",
      "Stalled=False",
    ]);
    const runs = seen.length;
    widgets.enqueue(metadata);
    await eventually(() => seen.length > runs);
    await setSize(metadata, 4);
    await eventually(async () => (await read(metadata)).status?.size === 4);
    expect(statusWrites(metadata)).toHaveLength(2);
    expect((await read(metadata)).status!.observedGeneration).toBe(2);
  });

  it("does not follow from its own status write", async () => {
    const runs: string[] = [];
    await start({
      reconcile: (widget) => {
        runs.push(widget.metadata.name);
        return Promise.resolve({ status: { note: `run ${runs.length}` }, outcome: settled() });
      },
    });
    const names: string[] = [];
    for (let count = 0; count < 10; count++) {
      const { metadata } = await createWidget(1);
      names.push(metadata.name);
      await untilCondition(metadata, "Ready", "True");
    }
    expect(runs.filter((name) => names.includes(name))).toEqual(names);
    expect(names.flatMap((name) => statusWrites({ name }))).toHaveLength(10);
  });

  it("follows from the change of a watched object, of its old owner as well as its new one", async () => {
    const configMaps = new Informer({ client: stage.proxied, kind: ConfigMap, namespace: stage.namespace });
    configMaps.start(stage.stop.signal);
    await configMaps.synced();
    const runs: string[] = [];
    const ownerOf = ({ metadata }: ConfigMap): string[] =>
      metadata.labels?.["owner"] ? [`${stage.namespace}/${metadata.labels["owner"]}`] : [];
    await start({
      watches: [{ informer: configMaps, keys: ownerOf }],
      reconcile: (widget) => {
        runs.push(widget.metadata.name);
        return echo(widget);
      },
    });
    const [a, b] = [await createWidget(1), await createWidget(1)];
    await untilCondition(b.metadata, "Ready", "True");
    const ref = { namespace: stage.namespace, name: `c-${randomBytes(4).toString("hex")}` };
    runs.length = 0;
    const labels = { owner: a.metadata.name };
    await stage.direct.create(ConfigMap, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { ...ref, labels },
    });
    await eventually(() => runs.includes(a.metadata.name));
    runs.length = 0;
    await stage.direct.patch(ConfigMap, ref, [
      { op: "replace", path: "/metadata/labels/owner", value: b.metadata.name },
    ]);
    await eventually(() => runs.includes(a.metadata.name) && runs.includes(b.metadata.name));
  });

  it("runs again after the time its outcome says", async () => {
    const runs: number[] = [];
    await start({
      reconcile: () => {
        runs.push(performance.now());
        return Promise.resolve({
          outcome: waiting({ reason: "Warming", message: "Not yet.", retryAfterMs: 200 }),
        });
      },
    });
    const { metadata } = await createWidget(1);
    const widget = await untilCondition(metadata, "Reconciling", "True");
    expect(findCondition(widget.status!.conditions!, "Ready")).toMatchObject({
      status: "False",
      reason: "Warming",
    });
    await eventually(() => runs.length >= 3);
    expect(statusWrites(metadata)).toHaveLength(1);
  });

  it("is not repeated when stalled, until the object changes", async () => {
    let runs = 0;
    await start({
      reconcile: (widget) => {
        runs++;
        const isBad = widget.spec.size < 0;
        return Promise.resolve({
          outcome: isBad ? stalled({ reason: "BadSize", message: "spec.size is -1." }) : settled(),
        });
      },
    });
    const { metadata } = await createWidget(-1);
    await untilCondition(metadata, "Stalled", "True");
    expect(runs).toBe(1);
    await setSize(metadata, 1);
    await untilCondition(metadata, "Ready", "True");
    expect(runs).toBe(2);
  });

  it("tells of a new reason by one Event", async () => {
    await start({
      reconcile: () =>
        Promise.resolve({ outcome: stalled({ reason: "BadSize", message: "spec.size is -1." }) }),
    });
    const { metadata } = await createWidget(-1);
    const fieldSelector = `regarding.name=${metadata.name}`;
    const [event] = await eventually(async () => {
      const { items } = await stage.direct.list(Event, { namespace: stage.namespace, fieldSelector });
      return items.length > 0 ? items : undefined;
    });
    expect(event).toMatchObject({
      type: "Warning",
      reason: "BadSize",
      note: "spec.size is -1.",
      reportingController: "datalayer.io/test",
      regarding: { kind: "Widget", uid: metadata.uid },
    });
  });
});

describe("a reconcile that fails", () => {
  it("is repeated with back-off; Ready stays as it was until the fifth failure in a row", async () => {
    let isBroken = false;
    let failures = 0;
    const readyAt: (string | undefined)[] = [];
    const widgets = await start({
      reconcile: (widget, context) => {
        if (!isBroken) return echo(widget);
        failures++;
        readyAt[context.failures] = findCondition(widget.status!.conditions!, "Ready")?.status;
        throw new Error("connection reset");
      },
    });
    const { metadata } = await createWidget(1);
    await untilCondition(metadata, "Ready", "True");
    isBroken = true;
    widgets.enqueue(metadata);
    const reconciling = await untilCondition(metadata, "Reconciling", "True");
    expect(findCondition(reconciling.status!.conditions!, "Ready")!.status).toBe("True");
    const notReady = await untilCondition(metadata, "Ready", "False");
    expect(findCondition(notReady.status!.conditions!, "Ready")).toMatchObject({
      reason: "ReconcileFailed",
      message: "connection reset",
    });
    expect(failures).toBeGreaterThanOrEqual(5);
    expect(readyAt.slice(0, 5)).toEqual(Array(5).fill("True"));
    isBroken = false;
    await untilCondition(metadata, "Ready", "True");
  });

  it("does not disturb the other objects", async () => {
    await start({
      reconcile: (widget) => {
        if (widget.spec.size < 0) throw new TypeError("not a size");
        return echo(widget);
      },
    });
    const bad = await createWidget(-1);
    await untilCondition(bad.metadata, "Reconciling", "True");
    const good = await createWidget(1);
    await untilCondition(good.metadata, "Ready", "True");
  });

  it("is aborted at its deadline", async () => {
    let aborted = 0;
    await start({
      deadlineMs: 50,
      reconcile: async (widget, { signal }) => {
        if (widget.spec.size !== -7) return echo(widget);
        await systemClock.sleep(60_000, signal).catch((error: unknown) => {
          aborted++;
          throw error;
        });
        return { outcome: settled() };
      },
    });
    const { metadata } = await createWidget(-7);
    const widget = await untilCondition(metadata, "Reconciling", "True");
    expect(findCondition(widget.status!.conditions!, "Reconciling")!.message).toBe("not done within 50 ms");
    expect(aborted).toBeGreaterThan(0);
  });

  it("writes nothing any more through the client it was given, once its deadline is over", async () => {
    const late = Promise.withResolvers<unknown>();
    await start({
      deadlineMs: 50,
      reconcile: async (widget, { kube, signal }) => {
        if (widget.spec.size !== -8) return echo(widget);
        await systemClock.sleep(60_000, signal).catch(() => undefined);
        const metadata = { namespace: stage.namespace, name: `late-${widget.metadata.name}` };
        const write = kube.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata });
        write.then(late.resolve, late.reject);
        await write;
        return { outcome: settled() };
      },
    });
    await createWidget(-8);
    await expect(late.promise).rejects.toThrow();
    expect(stage.proxy.log.writes({ resource: "configmaps", namespace: stage.namespace })).toEqual([]);
  });
});

describe("when it is overtaken", () => {
  it("by a change of the object, its status is not written over the newer one, and it runs again", async () => {
    const sizes: number[] = [];
    await start({
      reconcile: async (widget) => {
        sizes.push(widget.spec.size);
        if (sizes.length === 1) await setSize(widget.metadata, 2);
        return { status: { size: widget.spec.size }, outcome: settled() };
      },
    });
    const { metadata } = await createWidget(1);
    await eventually(async () => (await read(metadata)).status?.size === 2);
    expect(sizes).toEqual([1, 2]);
    // What was written can be read before the answer to the write has passed the proxy.
    await eventually(() => statusWrites(metadata).at(-1)?.upstreamStatus);
    const answers = statusWrites(metadata).map(({ upstreamStatus }) => upstreamStatus);
    expect(answers).toEqual([409, 200]);
  });

  it("by the deletion of the object, nothing is left to do", async () => {
    let runs = 0;
    const widgets = await start({
      reconcile: async (widget) => {
        if (widget.spec.size !== -4) return echo(widget);
        runs++;
        await deleteWidget(widget);
        return { status: { size: 1 }, outcome: settled() };
      },
    });
    const doomed = await createWidget(-4);
    await eventually(() => isGone(doomed.metadata));
    await eventually(() => statusWrites(doomed.metadata).length > 0);
    widgets.enqueue(doomed.metadata);
    const next = await createWidget(1);
    await untilCondition(next.metadata, "Ready", "True");
    expect(runs).toBe(1);
    expect(statusWrites(doomed.metadata).map(({ upstreamStatus }) => upstreamStatus)).toEqual([404]);
  });

  it("by a namesake, its status does not go to the wrong one", async () => {
    let first = true;
    await start({
      reconcile: async (widget) => {
        if (!first) return { status: { note: widget.metadata.uid }, outcome: settled() };
        first = false;
        await deleteWidget(widget);
        const { apiVersion, kind, spec } = widget;
        await stage.direct.create(Widget, {
          apiVersion,
          kind,
          metadata: { namespace: stage.namespace, name: metadata.name, labels: stage.labels },
          spec,
        });
        return { status: { note: widget.metadata.uid }, outcome: settled() };
      },
    });
    const { metadata } = await createWidget(1);
    const widget = await untilCondition(metadata, "Ready", "True");
    expect(widget.status!.note).toBe(widget.metadata.uid);
    expect(widget.metadata.uid).not.toBe(metadata.uid);
  });

  it("by a lost answer to its status write, it writes no second time what is stored", async () => {
    let runs = 0;
    await start({
      reconcile: (widget) => {
        runs++;
        return echo(widget);
      },
    });
    const fault = stage.proxy.inject({ resource: "widgets/status", act: dropAfter(), times: 1 });
    const { metadata } = await createWidget(1);
    await fault.struck();
    await eventually(() => runs > 1 && commitsTo(metadata).length > 0);
    const other = await createWidget(1);
    await untilCondition(other.metadata, "Ready", "True");
    expect(commitsTo(metadata)).toHaveLength(1);
    expect((await read(metadata)).status!.conditions!.map(({ reason }) => reason)).toEqual(
      Array(3).fill("Settled"),
    );
  });

  it("by an API server that refuses its status for a while, it is written later", async () => {
    await start({ reconcile: echo });
    const fault = stage.proxy.inject({ resource: "widgets/status", act: answer(503), times: 3 });
    const { metadata } = await createWidget(1);
    await untilCondition(metadata, "Ready", "True");
    expect(fault.hits).toBe(3);
    expect(commitsTo(metadata)).toHaveLength(1);
  });
});

describe("an object that is not selected", () => {
  it("is not even queued when it changes", async () => {
    const registry = new Registry();
    await start({ selects: ({ spec }) => spec.size > 0, reconcile: echo }, controllerMetrics(registry));
    const { metadata } = await createWidget(-1);
    await setSize(metadata, -2);
    const selected = await createWidget(1);
    await untilCondition(selected.metadata, "Ready", "True");
    expect(await registry.getSingleMetricAsString("workqueue_adds_total")).toMatch(/widget"\} 1$/m);
  });

  it("is left alone, with its finalizers, also when it is being deleted", async () => {
    const finalizer = "test.datalayer.io/cleanup";
    const touched: string[] = [];
    const touch = ({ metadata }: Widget): void => void touched.push(metadata.name);
    const widgets = await start({
      selects: ({ spec }) => spec.size > 0,
      finalizer,
      cleanup: (widget) => {
        touch(widget);
        return Promise.resolve(settled());
      },
      reconcile: (widget) => {
        touch(widget);
        return echo(widget);
      },
    });
    const live = await createWidget(-1);
    const ending = await createWidget(-1, [finalizer]);
    await deleteWidget(ending);
    for (const { metadata } of [live, ending]) widgets.enqueue(metadata);
    const selected = await createWidget(1);
    await untilCondition(selected.metadata, "Ready", "True");
    expect([...new Set(touched)]).toEqual([selected.metadata.name]);
    expect(stage.proxy.log.writes({ name: live.metadata.name })).toEqual([]);
    expect(stage.proxy.log.writes({ name: ending.metadata.name })).toEqual([]);
    expect((await read(ending.metadata)).metadata.finalizers).toEqual([finalizer]);
    await setSize(live.metadata, 1);
    await untilCondition(live.metadata, "Ready", "True");
    await stage.direct.patch(Widget, ending.metadata, [{ op: "remove", path: "/metadata/finalizers" }]);
  });
});
