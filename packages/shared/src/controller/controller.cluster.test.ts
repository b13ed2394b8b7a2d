import { randomBytes } from "node:crypto";
import { testNamespace, useCluster } from "@datalayer/devcluster/testkit/cluster";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import {
  answer,
  dropAfter,
  freezeWatch,
  startFaultProxy,
  type FaultProxy,
} from "@datalayer/devcluster/testkit/fault-proxy";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { installWidgets, Widget } from "../../test/widget.ts";
import { systemClock } from "../clock/clock.ts";
import { loadAccess } from "../kube/access.ts";
import { Informer } from "../kube/informer.ts";
import { ConfigMap, Event } from "../kube/kinds.ts";
import { keyOf, type ObjectRef } from "../kube/object.ts";
import { RestClient } from "../kube/rest.ts";
import { silentLogger } from "../log/logger.ts";
import { findCondition } from "./conditions.ts";
import { controller, type ControllerDefinition, type Controller } from "./controller.ts";
import { EventRecorder } from "./events.ts";
import { settled, stalled, waiting } from "./outcome.ts";

let namespace: string;
let direct: RestClient;
let proxied: RestClient;
let proxy: FaultProxy;
/** Of the widgets of one test: what another left behind is none of its business. */
let labels: Record<string, string>;
let stop: AbortController;
let running: Promise<void>[];

beforeAll(async () => {
  const { kubeconfigPath } = await useCluster();
  direct = newClient(kubeconfigPath);
  namespace = await testNamespace();
  await installWidgets(direct);
  await eventually(() => direct.list(Widget, { namespace }), { message: "widgets being served" });
  proxy = await startFaultProxy({ kubeconfigPath });
  proxied = newClient((await proxy.client("controller")).kubeconfigPath);
});

afterAll(async () => {
  await Promise.all([direct.close(), proxied.close()]);
  await proxy.close();
});

beforeEach(() => {
  proxy.clearFaults();
  proxy.log.clear();
  labels = { test: randomBytes(4).toString("hex") };
  stop = new AbortController();
  running = [];
});

afterEach(async () => {
  stop.abort();
  await Promise.all(running);
});

function newClient(kubeconfigPath: string): RestClient {
  return new RestClient({
    access: loadAccess({ kubeconfigPath }),
    userAgent: "controller-test",
    fieldManager: "controller-test",
  });
}

type Definition = ControllerDefinition<Widget, ConfigMap[]>;

/** Runs a controller of this namespace's widgets as the leader would. */
async function start(definition: Partial<Definition> & Pick<Definition, "reconcile">): Promise<Controller> {
  const informer = new Informer({
    ...{ client: proxied, kind: Widget, namespace },
    labelSelector: `test=${labels["test"]!}`,
  });
  informer.start(stop.signal);
  await informer.synced();
  const widgets = controller({ name: "widget", for: Widget, informer, ...definition });
  const events = new EventRecorder({
    client: proxied,
    reportingController: "datalayer.io/test",
    reportingInstance: "test-1",
  });
  const scope = { kube: proxied, epoch: 0, stop: stop.signal, abort: new AbortController().signal, events };
  running.push(widgets.run({ ...scope, clock: systemClock, log: silentLogger, random: () => 0.1 }));
  return widgets;
}

async function createWidget(size: number, finalizers: string[] = []): Promise<Widget> {
  const name = `w-${randomBytes(4).toString("hex")}`;
  const { apiVersion, kind } = Widget;
  return direct.create(Widget, {
    apiVersion,
    kind,
    metadata: { namespace, name, labels, finalizers },
    spec: { size },
  });
}

const read = (ref: ObjectRef): Promise<Widget> => direct.get(Widget, ref);
const setSize = (ref: ObjectRef, size: number): Promise<Widget> =>
  direct.patch(Widget, ref, [{ op: "replace", path: "/spec/size", value: size }]);
const isGone = (ref: ObjectRef): Promise<boolean> =>
  read(ref).then(
    () => false,
    () => true,
  );
const deleteWidget = async ({ metadata }: Widget): Promise<void> =>
  direct.delete(Widget, metadata, { uid: metadata.uid });

/** The widget once this condition has this status. */
const untilCondition = (ref: ObjectRef, type: string, status: string): Promise<Widget> =>
  eventually(async () => {
    const widget = await read(ref);
    const isMet = findCondition(widget.status?.conditions ?? [], type)?.status === status;
    return isMet ? widget : undefined;
  });

const statusWrites = (ref: ObjectRef) => proxy.log.writes({ resource: "widgets/status", name: ref.name });

const commitsTo = (ref: ObjectRef) => proxy.log.commits({ resource: "widgets/status", name: ref.name });

/** Reports the size as found. */
const echo = (widget: Widget) => Promise.resolve({ status: { size: widget.spec.size }, outcome: settled() });

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
    const configMaps = new Informer({ client: proxied, kind: ConfigMap, namespace });
    configMaps.start(stop.signal);
    await configMaps.synced();
    const runs: string[] = [];
    const ownerOf = ({ metadata }: ConfigMap): string[] =>
      metadata.labels?.["owner"] ? [`${namespace}/${metadata.labels["owner"]}`] : [];
    await start({
      watches: [{ informer: configMaps, keys: ownerOf }],
      reconcile: (widget) => {
        runs.push(widget.metadata.name);
        return echo(widget);
      },
    });
    const [a, b] = [await createWidget(1), await createWidget(1)];
    await untilCondition(b.metadata, "Ready", "True");
    const ref = { namespace, name: `c-${randomBytes(4).toString("hex")}` };
    runs.length = 0;
    const labels = { owner: a.metadata.name };
    await direct.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata: { ...ref, labels } });
    await eventually(() => runs.includes(a.metadata.name));
    runs.length = 0;
    await direct.patch(ConfigMap, ref, [
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
      const { items } = await direct.list(Event, { namespace, fieldSelector });
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
        const metadata = { namespace, name: `late-${widget.metadata.name}` };
        const write = kube.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata });
        write.then(late.resolve, late.reject);
        await write;
        return { outcome: settled() };
      },
    });
    await createWidget(-8);
    await expect(late.promise).rejects.toThrow();
    expect(proxy.log.writes({ resource: "configmaps", namespace })).toEqual([]);
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
        await direct.create(Widget, {
          apiVersion,
          kind,
          metadata: { namespace, name: metadata.name, labels },
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
    const fault = proxy.inject({ resource: "widgets/status", act: dropAfter(), times: 1 });
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
    const fault = proxy.inject({ resource: "widgets/status", act: answer(503), times: 3 });
    const { metadata } = await createWidget(1);
    await untilCondition(metadata, "Ready", "True");
    expect(fault.hits).toBe(3);
    expect(commitsTo(metadata)).toHaveLength(1);
  });
});

describe("an object that is not selected", () => {
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
    expect(proxy.log.writes({ name: live.metadata.name })).toEqual([]);
    expect(proxy.log.writes({ name: ending.metadata.name })).toEqual([]);
    expect((await read(ending.metadata)).metadata.finalizers).toEqual([finalizer]);
    await setSize(live.metadata, 1);
    await untilCondition(live.metadata, "Ready", "True");
    await direct.patch(Widget, ending.metadata, [{ op: "remove", path: "/metadata/finalizers" }]);
  });
});

describe("a finalizer", () => {
  const finalizer = "test.datalayer.io/cleanup";

  it("is there before the first effect, and is removed only when the cleanup has settled", async () => {
    const log: string[] = [];
    let mayEnd = false;
    const recorded = (what: string, widget: Widget): void => {
      log.push(`${what} ${widget.metadata.finalizers?.join() ?? ""}`);
    };
    await start({
      finalizer,
      cleanup: async (widget) => {
        expect((await read(widget.metadata)).metadata.finalizers).toContain(finalizer);
        recorded("cleanup", widget);
        if (mayEnd) return settled();
        return waiting({ reason: "Detaching", message: "A volume is in use.", retryAfterMs: 50 });
      },
      reconcile: (widget) => {
        recorded("reconcile", widget);
        return echo(widget);
      },
    });
    const widget = await createWidget(1, ["test.datalayer.io/other"]);
    const { metadata } = widget;
    await untilCondition(metadata, "Ready", "True");
    expect(log[0]).toBe(`reconcile test.datalayer.io/other,${finalizer}`);
    await deleteWidget(widget);
    const detaching = await untilCondition(metadata, "Reconciling", "True");
    expect(findCondition(detaching.status!.conditions!, "Reconciling")!.reason).toBe("Detaching");
    mayEnd = true;
    await eventually(async () => !(await read(metadata)).metadata.finalizers?.includes(finalizer));
    expect((await read(metadata)).metadata.finalizers).toEqual(["test.datalayer.io/other"]);
    expect(log.filter((line) => line.startsWith("cleanup")).length).toBeGreaterThanOrEqual(2);
    await direct.patch(Widget, metadata, [{ op: "remove", path: "/metadata/finalizers" }]);
  });

  it("is removed once, when a change brings another run before the watch shows the end", async () => {
    let cleanups = 0;
    let roundsAfter = 0;
    const widgets = await start({
      finalizer,
      workers: 1,
      cleanup: ({ metadata }) => {
        cleanups++;
        proxy.inject({ verb: "watch", act: freezeWatch() });
        for (const ref of [metadata, other.metadata]) widgets.enqueue(ref);
        return Promise.resolve(settled());
      },
      reconcile: (widget) => {
        // Behind the other run of the one that has gone.
        if (cleanups > 0 && roundsAfter++ === 0) widgets.enqueue(widget.metadata);
        return echo(widget);
      },
    });
    const [widget, other] = [await createWidget(1), await createWidget(1)];
    for (const { metadata } of [widget, other]) await untilCondition(metadata, "Ready", "True");
    proxy.log.clear();
    await deleteWidget(widget);
    await eventually(() => roundsAfter === 2);
    expect(cleanups).toBe(1);
    expect(proxy.log.writes({ name: widget.metadata.name })).toHaveLength(1);
    await eventually(() => isGone(widget.metadata));
  });

  it("stays when the cleanup throws", async () => {
    let attempts = 0;
    await start({
      finalizer,
      cleanup: (widget) => {
        if (widget.spec.size === -9 && ++attempts < 3) throw new Error("the cloud is down");
        return Promise.resolve(settled());
      },
      reconcile: echo,
    });
    const widget = await createWidget(-9);
    await untilCondition(widget.metadata, "Ready", "True");
    await deleteWidget(widget);
    const failing = await untilCondition(widget.metadata, "Reconciling", "True");
    expect(failing.metadata.finalizers).toEqual([finalizer]);
    await eventually(() => isGone(widget.metadata));
    expect(attempts).toBe(3);
  });

  it("is not added to an object that is being deleted, which is not reconciled either", async () => {
    const widget = await createWidget(1, ["test.datalayer.io/other"]);
    await deleteWidget(widget);
    const reconciled: string[] = [];
    await start({
      finalizer,
      cleanup: () => Promise.resolve(settled()),
      reconcile: (each) => {
        reconciled.push(keyOf(each.metadata));
        return echo(each);
      },
    });
    const other = await createWidget(1);
    await untilCondition(other.metadata, "Ready", "True");
    expect(reconciled).not.toContain(keyOf(widget.metadata));
    expect((await read(widget.metadata)).metadata.finalizers).toEqual(["test.datalayer.io/other"]);
    await direct.patch(Widget, widget.metadata, [{ op: "remove", path: "/metadata/finalizers" }]);
  });
});
