import { randomBytes } from "node:crypto";
import { testNamespace, useCluster } from "@datalayer/devcluster/testkit/cluster";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { startFaultProxy, type FaultProxy } from "@datalayer/devcluster/testkit/fault-proxy";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { systemClock } from "../src/clock/clock.ts";
import { findCondition } from "../src/controller/conditions.ts";
import { controller, type Controller, type ControllerDefinition } from "../src/controller/controller.ts";
import { EventRecorder } from "../src/controller/events.ts";
import type { ControllerMetrics } from "../src/controller/metrics.ts";
import { settled } from "../src/controller/outcome.ts";
import { loadAccess } from "../src/kube/access.ts";
import { Informer } from "../src/kube/informer.ts";
import type { ConfigMap } from "../src/kube/kinds.ts";
import type { ObjectRef } from "../src/kube/object.ts";
import { RestClient } from "../src/kube/rest.ts";
import { silentLogger } from "../src/log/logger.ts";
import { installWidgets, Widget } from "./widget.ts";

type Definition = ControllerDefinition<Widget, ConfigMap[]>;

/** What the tests of a file that run controllers of widgets share. */
class WidgetStage {
  namespace = "";
  /** To the API server, past the proxy. */
  direct!: RestClient;
  /** The client of the controllers. */
  proxied!: RestClient;
  proxy!: FaultProxy;
  /** Of the widgets of one test: what another left behind is none of its business. */
  labels: Record<string, string> = {};
  stop = new AbortController();
  running: Promise<void>[] = [];

  /** Runs a controller of this test's widgets as the leader would. */
  readonly start = async (
    definition: Partial<Definition> & Pick<Definition, "reconcile">,
    metrics?: ControllerMetrics,
  ): Promise<Controller> => {
    const { proxied, stop } = this;
    const informer = new Informer({
      ...{ client: proxied, kind: Widget, namespace: this.namespace },
      labelSelector: `test=${this.labels["test"]!}`,
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
    const common = { clock: systemClock, log: silentLogger, random: () => 0.1, ...(metrics && { metrics }) };
    this.running.push(widgets.run({ ...scope, ...common }));
    return widgets;
  };

  readonly createWidget = async (size: number, finalizers: string[] = []): Promise<Widget> => {
    const { namespace, labels } = this;
    const name = `w-${randomBytes(4).toString("hex")}`;
    const { apiVersion, kind } = Widget;
    return this.direct.create(Widget, {
      apiVersion,
      kind,
      metadata: { namespace, name, labels, finalizers },
      spec: { size },
    });
  };

  readonly read = (ref: ObjectRef): Promise<Widget> => this.direct.get(Widget, ref);

  readonly setSize = (ref: ObjectRef, size: number): Promise<Widget> =>
    this.direct.patch(Widget, ref, [{ op: "replace", path: "/spec/size", value: size }]);

  readonly isGone = (ref: ObjectRef): Promise<boolean> =>
    this.read(ref).then(
      () => false,
      () => true,
    );

  readonly deleteWidget = async ({ metadata }: Widget): Promise<void> =>
    this.direct.delete(Widget, metadata, { uid: metadata.uid });

  /** The widget once this condition has this status. */
  readonly untilCondition = (ref: ObjectRef, type: string, status: string): Promise<Widget> =>
    eventually(async () => {
      const widget = await this.read(ref);
      const isMet = findCondition(widget.status?.conditions ?? [], type)?.status === status;
      return isMet ? widget : undefined;
    });
}

/** Reports the size as found. */
export const echo = (widget: Widget) =>
  Promise.resolve({ status: { size: widget.spec.size }, outcome: settled() });

/** A namespace for the tests of a file, with widgets served and a proxy between controllers and API server. */
export function useWidgets(): WidgetStage {
  const stage = new WidgetStage();
  beforeAll(async () => {
    const { kubeconfigPath } = await useCluster();
    stage.direct = newClient(kubeconfigPath);
    stage.namespace = await testNamespace();
    await installWidgets(stage.direct);
    await eventually(() => stage.direct.list(Widget, { namespace: stage.namespace }), {
      message: "widgets being served",
    });
    stage.proxy = await startFaultProxy({ kubeconfigPath });
    stage.proxied = newClient((await stage.proxy.client("controller")).kubeconfigPath);
  });
  afterAll(async () => {
    await Promise.all([stage.direct.close(), stage.proxied.close()]);
    await stage.proxy.close();
  });
  beforeEach(() => {
    stage.proxy.clearFaults();
    stage.proxy.log.clear();
    stage.labels = { test: randomBytes(4).toString("hex") };
    stage.stop = new AbortController();
    stage.running = [];
  });
  afterEach(async () => {
    stage.stop.abort();
    await Promise.all(stage.running);
  });
  return stage;
}

function newClient(kubeconfigPath: string): RestClient {
  return new RestClient({
    access: loadAccess({ kubeconfigPath }),
    userAgent: "controller-test",
    fieldManager: "controller-test",
  });
}
