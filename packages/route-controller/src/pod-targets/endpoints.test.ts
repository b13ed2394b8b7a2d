import type { Pod, Service } from "@datalayer/shared/kube/kinds";
import { describe, expect, it } from "vitest";
import { podManifest } from "../../test/builders.ts";
import { storedRoute } from "../../test/stored-route.ts";
import { clusterAddresses } from "../route/addresses.ts";
import { buildSlices } from "./endpoints.ts";
import { buildPodService, parsePodTarget, podServiceNameOf, type PodTarget } from "./pod-target.ts";

const target: PodTarget = { selector: { app: "a" } };
const route = storedRoute();

function stored<T extends object>(object: T & { metadata: { name: string } }, changes: object = {}) {
  const base = { uid: `uid-of-${object.metadata.name}`, resourceVersion: "1", creationTimestamp: "" };
  return { ...object, metadata: { ...object.metadata, ...base, ...changes } };
}

const service: Service = stored(
  buildPodService(route, { selector: { matchLabels: { app: "a" } }, port: 8080, protocol: "h2c" }, target),
);

function podOf(name: string, changes: { status?: object; spec?: object; metadata?: object } = {}): Pod {
  const pod = stored(podManifest("team-a", name, { app: "a" }), changes.metadata);
  const status = { phase: "Running", podIP: "10.0.0.1", conditions: [{ type: "Ready", status: "True" }] };
  return { ...pod, spec: { ...pod.spec!, ...changes.spec }, status: { ...status, ...changes.status } };
}

function addressesOf(...pods: Pod[]): string[][] {
  const slices = buildSlices(service, {
    target,
    pods,
    cluster: { ...clusterAddresses(), apiServers: new Set(["10.0.0.9"]) },
  });
  return slices.map(({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses));
}

describe("the endpoints of a pod target", () => {
  it("are the Pods that are ready, by name", () => {
    const other = podOf("b", { status: { podIP: "10.0.0.2" } });
    expect(addressesOf(other, podOf("a"))).toEqual([["10.0.0.1", "10.0.0.2"]]);
  });

  it.each<[string, Parameters<typeof podOf>[1]]>([
    ["is not ready", { status: { conditions: [{ type: "Ready", status: "False" }] } }],
    ["has failed, whatever its conditions say", { status: { phase: "Failed" } }],
    ["has no address yet", { status: { podIP: undefined } }],
    ["uses the network of its node", { spec: { hostNetwork: true } }],
    ["has the address of the API server", { status: { podIP: "10.0.0.9" } }],
    ["has a loopback address", { status: { podIP: "127.0.0.1" } }],
    ["has other labels", { metadata: { labels: { app: "b" } } }],
  ])("are without a Pod that %s", (_, changes) => {
    expect(addressesOf(podOf("a", changes))).toEqual([[]]);
  });

  it("stand apart by family of addresses", () => {
    const six = podOf("b", { status: { podIP: "2001:db8::1" } });
    expect(addressesOf(six, podOf("a"))).toEqual([["10.0.0.1"], ["2001:db8::1"]]);
    const [four, other] = buildSlices(service, { target, pods: [six], cluster: clusterAddresses() });
    expect([four?.addressType, other?.addressType]).toEqual(["IPv4", "IPv6"]);
    expect(four?.metadata.name).not.toBe(other?.metadata.name);
  });

  it("name the protocol of the target", () => {
    const [slice] = buildSlices(service, { target, pods: [], cluster: clusterAddresses() });
    expect(slice?.ports).toEqual([
      { name: "target", port: 8080, protocol: "TCP", appProtocol: "kubernetes.io/h2c" },
    ]);
  });
});

describe("the Service of a pod target", () => {
  it("says which Pods it is for, and a text that somebody put there stands for none", () => {
    expect(parsePodTarget(service)).toEqual(target);
    for (const text of ["", "{", "null", "1", "{}"])
      expect(
        parsePodTarget(stored<Service>(service, { annotations: { "routes.datalayer.io/target": text } })),
      ).toBeUndefined();
  });

  it("is shared by targets for the same Pods and port, and by no other Route", () => {
    const nameOf = (labels: Record<string, string>, port = 80, of = route) =>
      podServiceNameOf(of, { selector: { matchLabels: labels }, port });
    expect(nameOf({ a: "1", b: "2" })).toBe(nameOf({ b: "2", a: "1" }));
    expect(nameOf({ a: "1" })).not.toBe(nameOf({ a: "2" }));
    expect(nameOf({ a: "1" })).not.toBe(nameOf({ a: "1" }, 81));
    expect(nameOf({ a: "1" })).not.toBe(nameOf({ a: "1" }, 80, storedRoute({}, { name: "other" })));
  });
});
