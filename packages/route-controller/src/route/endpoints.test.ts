import type { EndpointSlice, Service } from "@datalayer/shared/kube/kinds";
import { describe, expect, it } from "vitest";
import { endpointSliceManifest, serviceManifest } from "../../test/builders.ts";
import { emptyFaultsOf, isOfReadiness } from "./endpoints.ts";
import type { FoundPods, FoundService } from "./references.ts";

const metadata = { namespace: "team-a", uid: "u", resourceVersion: "1", creationTimestamp: "" };

type Conditions = NonNullable<EndpointSlice["endpoints"]>[number]["conditions"];

/** A slice with one endpoint for each of these conditions. */
function sliceOf(
  conditions: readonly Conditions[],
  ports: Record<string, number> = { http: 8080 },
): EndpointSlice {
  const manifest = endpointSliceManifest("team-a", "shop", { addresses: [], ports });
  const endpoints = conditions.map((one) => ({ addresses: ["10.0.0.1"], ...(one && { conditions: one }) }));
  return { ...manifest, metadata: { ...metadata, ...manifest.metadata }, endpoints };
}

const ready = sliceOf([{ ready: true }]);
const unready = sliceOf([{ ready: false, serving: true, terminating: true }]);

/** The Service of a target of the first rule. */
function found(
  name: string,
  slices: readonly EndpointSlice[],
  changes: Partial<FoundService> = {},
): FoundService {
  const manifest = serviceManifest("team-a", name);
  const service: Service = { ...manifest, metadata: { ...metadata, ...manifest.metadata } };
  return { field: "f", portField: "p", name, port: 80, rule: 0, service, slices, ...changes };
}

const pod: FoundPods = {
  field: "f",
  rule: 0,
  target: { pod: { name: "p" }, port: 80, protocol: "http" },
  pods: { pod: "p" },
  slices: [],
} as unknown as FoundPods;

function messages(services: FoundService[], pods: FoundPods[] = []): string[] {
  return emptyFaultsOf({ namespace: "team-a", services, pods }).map(({ message }) => message);
}

describe("a rule", () => {
  it.each<[string, EndpointSlice[]]>([
    ["has no slice", []],
    ["has a slice without endpoints", [sliceOf([])]],
    ["has endpoints of which none is ready", [sliceOf([{ ready: false }]), unready]],
    ["has a ready endpoint at another port only", [sliceOf([{ ready: true }], { metrics: 9090 })]],
  ])("is empty when its Service %s, and names it with the namespace", (_, slices) => {
    expect(messages([found("shop", slices)])).toEqual([
      'spec.rules[0].targets: no endpoint is ready behind Service "shop" in namespace "team-a".',
    ]);
  });

  it.each<[string, FoundService[], FoundPods[]]>([
    ["one endpoint in one of its slices is ready", [found("shop", [unready, ready])], []],
    ["it is not said of an endpoint whether it is ready", [found("shop", [sliceOf([undefined])])], []],
    ["another of its Services has one", [found("shop", [unready]), found("next", [ready])], []],
    ["it has Pods as well, of which it is said elsewhere", [found("shop", [unready])], [pod]],
    ["its Service is not there, which is another fault", [found("shop", [], { service: undefined })], []],
    ["its Service has no such port, which is another fault", [found("shop", [ready], { port: 81 })], []],
    ["it sends nothing there", [found("copy", [], { rule: undefined })], []],
  ])("is not when %s", (_, services, pods) => {
    expect(messages(services, pods)).toEqual([]);
  });

  it("is empty for itself, whatever other rules have", () => {
    const services = [
      found("shop", [ready]),
      found("blue", [], { rule: 1 }),
      found("green", [], { rule: 1 }),
    ];
    expect(messages(services)).toEqual([
      'spec.rules[1].targets: no endpoint is ready behind Service "blue" or Service "green" in namespace "team-a".',
    ]);
  });
});

describe("a change of a slice", () => {
  const change = (type: "added" | "modified" | "deleted", object: EndpointSlice, previous?: EndpointSlice) =>
    isOfReadiness({ type, object, initial: false, ...(previous && { previous }) });

  it("matters when the first endpoint becomes ready, the last one goes, or the port changes", () => {
    expect(change("added", ready)).toBe(true);
    expect(change("modified", ready, unready)).toBe(true);
    expect(change("modified", unready, ready)).toBe(true);
    expect(change("modified", sliceOf([{ ready: true }], { web: 80 }), ready)).toBe(true);
    expect(change("deleted", ready)).toBe(true);
  });

  it("does not while others are ready as before, or none is", () => {
    expect(change("modified", sliceOf([{ ready: true }, { ready: true }]), ready)).toBe(false);
    expect(change("modified", sliceOf([{ ready: false }, { ready: true }]), ready)).toBe(false);
    expect(change("modified", sliceOf([]), unready)).toBe(false);
    expect(change("added", unready)).toBe(false);
    expect(change("deleted", unready)).toBe(false);
  });
});
