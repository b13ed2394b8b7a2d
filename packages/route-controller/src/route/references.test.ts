import type { EndpointSlice, Service } from "@datalayer/shared/kube/kinds";
import { describe, expect, it } from "vitest";
import { endpointSliceManifest, serviceManifest } from "../../test/builders.ts";
import { clusterAddresses } from "./addresses.ts";
import { serviceFaultOf } from "./references.ts";

const metadata = { name: "a", namespace: "b", uid: "u", resourceVersion: "1", creationTimestamp: "" };
const service: Service = { ...serviceManifest("b", "a"), metadata };

type Bearer = NonNullable<EndpointSlice["endpoints"]>[number]["targetRef"];

function faultOf(changes: {
  spec?: Service["spec"];
  addresses?: string[];
  bearer?: Bearer;
  type?: string;
  port?: number;
}) {
  const { spec = service.spec, addresses = ["10.0.0.1"], type = "IPv4", port = 80 } = changes;
  const manifest = endpointSliceManifest("b", "a", { addresses, ports: { http: 80 } });
  const endpoints = manifest.endpoints?.map((one) => ({ ...one, targetRef: changes.bearer }));
  const slice: EndpointSlice = { ...manifest, addressType: type, metadata, endpoints };
  const found = { field: "f.service.name", portField: "f.port", name: "a", port, slices: [slice] };
  return serviceFaultOf(
    { ...found, service: { ...service, spec } },
    { ...clusterAddresses(), apiServers: new Set(["10.96.0.1"]) },
  );
}

describe("a Service that a Route names", () => {
  it("is fine with a port and endpoints", () => {
    expect(faultOf({})).toBeUndefined();
    expect(faultOf({ bearer: { kind: "Pod", namespace: "b", name: "p" } })).toBeUndefined();
  });

  it.each<[string, Parameters<typeof faultOf>[0], string, string]>([
    [
      "leads out of the cluster",
      { spec: { type: "ExternalName", externalName: "a.b" } },
      "forbidden",
      "f.service.name",
    ],
    ["has the API server behind it", { addresses: ["10.0.0.1", "10.96.0.1"] }, "forbidden", "f.service.name"],
    ["has the metadata address behind it", { addresses: ["169.254.169.254"] }, "forbidden", "f.service.name"],
    ["has a name behind it", { addresses: ["a.test"], type: "FQDN" }, "forbidden", "f.service.name"],
    [
      "has a Pod of another namespace behind it",
      { bearer: { kind: "Pod", namespace: "c", name: "p" } },
      "forbidden",
      "f.service.name",
    ],
    ["has a node behind it", { bearer: { kind: "Node", name: "n" } }, "forbidden", "f.service.name"],
    ["has no such port", { port: 81 }, "missing", "f.port"],
  ])("is not when it %s", (_, changes, kind, field) => {
    const fault = faultOf(changes);
    expect(fault?.kind).toBe(kind);
    expect(fault?.message.startsWith(`${field}: Service "a" `)).toBe(true);
  });
});
