import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { hold } from "@datalayer/devcluster/testkit/fault-proxy";
import type { RouteSpec } from "@datalayer/shared/crds/route";
import { EndpointSlice, Pod, Service } from "@datalayer/shared/kube/kinds";
import { podNameOf, poolAnnotation } from "@datalayer/shared/runtime/names";
import { beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "../../test/harness.ts";

let cluster: Harness;

beforeAll(async () => {
  cluster = await startHarness();
  await cluster.createClass();
  await cluster.startReplica("first");
});

type Target = NonNullable<RouteSpec["rules"][number]["targets"]>[number];

async function createRoute(name: string, target: Omit<Target, "port">): Promise<void> {
  await cluster.createRoute(name, { rules: [{ targets: [{ ...target, port: 8080 }] }] });
}

/** The only Service that was made of a Route. */
async function serviceOf(route: string): Promise<Service> {
  return eventually(async () => {
    const { items } = await cluster.admin.list(Service, { namespace: cluster.namespace });
    return items.find(({ metadata }) => metadata.ownerReferences?.some(({ name }) => name === route));
  });
}

type Endpoints = NonNullable<EndpointSlice["endpoints"]>;

async function sliceOf(route: string): Promise<EndpointSlice> {
  const { name } = (await serviceOf(route)).metadata;
  const { items } = await cluster.admin.list(EndpointSlice, {
    namespace: cluster.namespace,
    labelSelector: `kubernetes.io/service-name=${name}`,
  });
  expect(items).toHaveLength(1);
  return items[0]!;
}

/** Waits until these addresses are the endpoints of a Route, all of them ready. */
async function untilServed(route: string, addresses: string[]): Promise<Endpoints> {
  return eventually(
    async () => {
      const { endpoints } = await sliceOf(route);
      const ready = (endpoints ?? []).filter(({ conditions }) => conditions?.ready === true);
      expect(ready.flatMap((endpoint) => endpoint.addresses)).toEqual(addresses);
      return endpoints ?? [];
    },
    { timeoutMs: 30_000, message: `Route ${route} leading to ${addresses.join(", ") || "nothing"}` },
  );
}

async function remove(pod: Pod): Promise<void> {
  await cluster.removePod(pod);
}

describe("given a Route to a Pod", () => {
  it("leads to the ready Pod, by a port of the same name as that of the Service", async () => {
    await createRoute("lab", { pod: { name: "lab" } });
    await untilServed("lab", []);
    await cluster.condition("lab", "ResolvedRefs", "False", { reason: "NoReadyPods" });
    const pod = await cluster.createPod("lab", { address: "10.9.0.1" });
    const [endpoint] = await untilServed("lab", ["10.9.0.1"]);
    expect(endpoint).toMatchObject({
      conditions: { ready: true, serving: true, terminating: false },
      targetRef: { kind: "Pod", name: "lab", namespace: cluster.namespace, uid: pod.metadata.uid },
    });
    const [service, slice] = [await serviceOf("lab"), await sliceOf("lab")];
    expect(service.spec).toMatchObject({ clusterIP: "None", ports: [{ name: "target", port: 8080 }] });
    expect(service.spec?.selector).toBeUndefined();
    expect(slice.ports).toMatchObject([{ name: "target", port: 8080 }]);
    await cluster.condition("lab", "ResolvedRefs", "True");
  });

  it("no more when the Pod is not ready, or on its way out, or another one", async () => {
    await createRoute("moody", { pod: { name: "moody" } });
    const pod = await cluster.createPod("moody", { address: "10.9.0.2" });
    await untilServed("moody", ["10.9.0.2"]);
    await cluster.setPod(pod, { address: "10.9.0.2", ready: false });
    await untilServed("moody", []);
    await cluster.setPod(pod, { address: "10.9.0.2", ready: true });
    await untilServed("moody", ["10.9.0.2"]);

    const finalizers = [
      { op: "add" as const, path: "/metadata/finalizers", value: ["test.datalayer.io/stay"] },
    ];
    await cluster.admin.patch(Pod, pod.metadata, finalizers);
    await remove(pod);
    const [endpoint] = await untilServed("moody", []);
    expect(endpoint?.conditions).toEqual({ ready: false, serving: false, terminating: true });
    await cluster.admin.patch(Pod, pod.metadata, [{ op: "remove", path: "/metadata/finalizers" }]);

    await eventually(() => cluster.createPod("moody", { address: "10.9.0.2" }));
    const route = await cluster.condition("moody", "ResolvedRefs", "False", { reason: "NoReadyPods" });
    await eventually(async () => {
      const { status } = await cluster.route("moody");
      return status?.conditions?.some(({ message }) => message.includes('Pod "moody" is another one'));
    });
    expect(route.metadata.name).toBe("moody");
    await untilServed("moody", []);
  });

  it.each([
    ["loopback", "127.0.0.1"],
    ["metadata", "169.254.169.254"],
  ])("never to one whose address is that of %s", async (name, address) => {
    await createRoute(name, { pod: { name } });
    const pod = await cluster.createPod(name, { address: "10.9.0.3" });
    await untilServed(name, ["10.9.0.3"]);
    await cluster.setPod(pod, { address, ready: true });
    await untilServed(name, []);
    const said = `Pod "${name}" has the address ${address}, which is a loopback, link-local, multicast or reserved address.`;
    await eventually(
      async () =>
        (await cluster.route(name)).status?.conditions?.some(({ message }) => message.includes(said)),
      { timeoutMs: 40_000, message: "the Route saying what is wrong with the Pod" },
    );
  });

  it("the address is withdrawn before anything else is written", async () => {
    await createRoute("urgent", { pod: { name: "urgent" } });
    const pod = await cluster.createPod("urgent", { address: "10.9.0.4" });
    await untilServed("urgent", ["10.9.0.4"]);
    const held = cluster.proxy.inject({ resource: "routes/status", act: hold() });
    // All workers of the Routes are kept busy.
    await Promise.all(Array.from({ length: 8 }, (_, index) => cluster.createRoute(`busy-${index}`, {})));
    await held.struck(4);
    await remove(pod);
    await untilServed("urgent", []);
    held.remove();
  });
});

describe("given a Route to Pods by their labels", () => {
  it("leads to all that are ready", async () => {
    await createRoute("many", { selector: { matchLabels: { app: "many" } } });
    const labels = { app: "many" };
    const [first] = await Promise.all([
      cluster.createPod("many-a", { address: "10.9.1.1", labels }),
      cluster.createPod("many-b", { address: "10.9.1.2", labels }),
      cluster.createPod("few-c", { address: "10.9.1.3", labels: { app: "few" } }),
      cluster.createPod("many-d", { address: "10.9.1.4", labels, ready: false }),
    ]);
    await untilServed("many", ["10.9.1.1", "10.9.1.2"]);
    await cluster.admin.patch(Pod, first.metadata, [
      { op: "replace", path: "/metadata/labels/app", value: "few" },
    ]);
    await untilServed("many", ["10.9.1.2"]);
  });
});

describe("given a Route to a runtime", () => {
  const ulid = "01hzy3k6p9q8r7s6t5v4w3x2y1";

  it("leads to its Pod, when that is of the pool", async () => {
    await createRoute("runtime", { runtime: { pool: "small", ulid } });
    const pod = await cluster.createPod(podNameOf(ulid), { address: "10.9.2.1" });
    await cluster.condition("runtime", "ResolvedRefs", "False", { reason: "NoReadyPods" });
    expect((await sliceOf("runtime")).endpoints ?? []).toEqual([]);
    const value = { [poolAnnotation]: "small" };
    await cluster.admin.patch(Pod, pod.metadata, [{ op: "add", path: "/metadata/annotations", value }]);
    await untilServed("runtime", ["10.9.2.1"]);
  });
});
