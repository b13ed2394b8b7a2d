import type { EndpointSlice, Service } from "@datalayer/shared/kube/kinds";
import { describe, expect, it } from "vitest";
import { endpointSliceManifest, serviceManifest } from "../../test/builders.ts";
import { serviceFaultOf } from "./references.ts";

const metadata = { name: "a", namespace: "b", uid: "u", resourceVersion: "1", creationTimestamp: "" };
const service: Service = { ...serviceManifest("b", "a"), metadata };

function faultOf(changes: { spec?: Service["spec"]; addresses?: string[]; type?: string; port?: number }) {
  const { spec = service.spec, addresses = ["10.0.0.1"], type = "IPv4", port = 80 } = changes;
  const manifest = endpointSliceManifest("b", "a", { addresses, ports: { http: 80 } });
  const slice: EndpointSlice = { ...manifest, addressType: type, metadata };
  const found = { field: "f.service.name", portField: "f.port", name: "a", port, slices: [slice] };
  return serviceFaultOf({ ...found, service: { ...service, spec } }, new Set(["10.96.0.1"]));
}

describe("a Service that a Route names", () => {
  it("is fine with a port and endpoints", () => {
    expect(faultOf({})).toBeUndefined();
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
    ["has no such port", { port: 81 }, "missing", "f.port"],
  ])("is not when it %s", (_, changes, kind, field) => {
    const fault = faultOf(changes);
    expect(fault?.kind).toBe(kind);
    expect(fault?.message.startsWith(`${field}: Service "a" `)).toBe(true);
  });
});
