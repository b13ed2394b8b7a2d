import { testNamespace, useCluster } from "@datalayer/devcluster/testkit/cluster";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { Registry } from "prom-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ManualClock } from "../clock/manual-clock.ts";
import { loadAccess } from "./access.ts";
import { ApiError } from "./api-error.ts";
import { Informer } from "./informer.ts";
import { informerMetrics } from "./metrics.ts";
import { defineKind, type KubeObject } from "./object.ts";
import type { Change } from "./object-cache.ts";
import { RestClient } from "./rest.ts";

const Gadget = defineKind<KubeObject>({
  apiVersion: "optional.datalayer.io/v1",
  kind: "Gadget",
  plural: "gadgets",
});
const CustomResourceDefinition = defineKind<KubeObject & { spec: object }>({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  namespaced: false,
});
const definition = { name: "gadgets.optional.datalayer.io" };

let client: RestClient;
let namespace: string;
const stop = new AbortController();

const clock = new ManualClock();
/** Lets the informer's waits be over, as often as it takes. */
const soon = (isDone: () => boolean, message: string): Promise<unknown> =>
  eventually(
    async () => {
      await clock.advance(10_000);
      return isDone();
    },
    { message },
  );

beforeAll(async () => {
  const { kubeconfigPath } = await useCluster();
  client = new RestClient({ access: loadAccess({ kubeconfigPath }), userAgent: "t", fieldManager: "t" });
  namespace = await testNamespace();
  await uninstall();
});

afterAll(async () => {
  stop.abort(new Error("the test is over"));
  await uninstall();
  await client.close();
});

async function install(): Promise<void> {
  const schema = { openAPIV3Schema: { type: "object" } };
  await client.apply(CustomResourceDefinition, {
    apiVersion: CustomResourceDefinition.apiVersion,
    kind: CustomResourceDefinition.kind,
    metadata: definition,
    spec: {
      group: "optional.datalayer.io",
      scope: "Namespaced",
      names: { plural: Gadget.plural, kind: Gadget.kind },
      versions: [{ name: "v1", served: true, storage: true, schema }],
    },
  });
}

async function uninstall(): Promise<void> {
  const found = await orMissing(client.get(CustomResourceDefinition, definition));
  if (!found) return;
  await client.delete(CustomResourceDefinition, definition, { uid: found.metadata.uid });
  await eventually(async () => !(await orMissing(client.get(CustomResourceDefinition, definition))), {
    message: "the definition being gone",
  });
}

async function orMissing<T>(call: Promise<T>): Promise<T | undefined> {
  return call.catch((error: unknown) => {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    throw error;
  });
}

/** Creates a gadget as soon as the kind is served. */
const create = (name: string): Promise<KubeObject> =>
  eventually(async () => {
    const { apiVersion, kind } = Gadget;
    return orMissing(client.create(Gadget, { apiVersion, kind, metadata: { name, namespace } }));
  });

describe("an informer of an optional kind", () => {
  it("is empty while the kind is not served, and follows it when it comes, goes and comes back", async () => {
    const metrics = informerMetrics(new Registry());
    const informer = new Informer({
      client,
      kind: Gadget,
      namespace,
      optional: true,
      clock,
      metrics,
    });
    const seen: string[] = [];
    const served: boolean[] = [];
    informer.onServed(() => served.push(informer.isServed));
    informer.onChange(({ type, object }: Change<KubeObject>) => seen.push(`${type} ${object.metadata.name}`));
    informer.start(stop.signal);
    await informer.synced();
    expect(informer.list()).toEqual([]);
    expect(informer.isServed).toBe(false);

    await install();
    await create("first");
    // Asked for again soon at first: the kind may have been installed a moment after the controller.
    await clock.advance(500);
    await eventually(() => informer.get({ namespace, name: "first" }), { message: "the first gadget" });

    await uninstall();
    await soon(() => !informer.isServed, "the kind being gone");

    await install();
    await create("second");
    await soon(() => informer.get({ namespace, name: "second" }) !== undefined, "the second gadget");
    expect(informer.list()).toHaveLength(1);
    expect(seen).toEqual(["added first", "deleted first", "added second"]);
    expect(served).toEqual([true, false, true]);
  });
});
