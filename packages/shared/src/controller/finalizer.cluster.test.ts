import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { freezeWatch } from "@datalayer/devcluster/testkit/fault-proxy";
import { describe, expect, it } from "vitest";
import { Widget } from "../../test/widget.ts";
import { echo, useWidgets } from "../../test/widget-stage.ts";
import { keyOf } from "../kube/object.ts";
import { findCondition } from "./conditions.ts";
import { isDeleting } from "./finalizer.ts";
import { settled, waiting } from "./outcome.ts";

const stage = useWidgets();
const { start, createWidget, read, isGone, deleteWidget, untilCondition } = stage;

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
    await stage.direct.patch(Widget, metadata, [{ op: "remove", path: "/metadata/finalizers" }]);
  });

  it("of others keeps an object that is reconciled to its end, where that is asked for", async () => {
    const seen: boolean[] = [];
    await start({
      reconcilesDeleting: true,
      reconcile: (widget) => {
        seen.push(isDeleting(widget));
        return echo(widget);
      },
    });
    const widget = await createWidget(1, ["test.datalayer.io/other"]);
    await untilCondition(widget.metadata, "Ready", "True");
    expect(seen).not.toContain(true);
    await deleteWidget(widget);
    await eventually(() => seen.includes(true));
    await stage.direct.patch(Widget, widget.metadata, [{ op: "remove", path: "/metadata/finalizers" }]);
  });

  it("is removed once, when a change brings another run before the watch shows the end", async () => {
    let cleanups = 0;
    let roundsAfter = 0;
    const widgets = await start({
      finalizer,
      workers: 1,
      cleanup: ({ metadata }) => {
        cleanups++;
        stage.proxy.inject({ verb: "watch", act: freezeWatch() });
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
    stage.proxy.log.clear();
    await deleteWidget(widget);
    await eventually(() => roundsAfter === 2);
    expect(cleanups).toBe(1);
    expect(stage.proxy.log.writes({ name: widget.metadata.name })).toHaveLength(1);
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
    await stage.direct.patch(Widget, widget.metadata, [{ op: "remove", path: "/metadata/finalizers" }]);
  });
});
