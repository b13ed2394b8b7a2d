import { describe, expect, it } from "vitest";
import { buildDefaultClass } from "./default-class.ts";

describe("the default class", () => {
  it("gives every host to the watched namespaces, and to no other", () => {
    expect(buildDefaultClass({ namespaces: ["a", "b"] }).spec).toEqual({
      backend: "traefik",
      hosts: [{ pattern: "*", namespaces: ["a", "b"] }],
    });
    expect(buildDefaultClass({ namespaces: ["*"] }).spec.hosts).toEqual([
      { pattern: "*", namespaces: ["*"] },
    ]);
  });

  it("names the Service of Traefik where that is set", () => {
    const { spec } = buildDefaultClass({ namespaces: ["a"], traefikService: "proxies/traefik" });
    expect(spec.traefik).toEqual({ service: { namespace: "proxies", name: "traefik" } });
  });

  it("names the issuer of certificates, the verifier and the runtime gateway where they are set", () => {
    const { spec } = buildDefaultClass({
      namespaces: ["a"],
      certificateIssuer: "letsencrypt",
      verifierUrl: "http://datalayer-verifier-svc.a.svc:2113",
      runtimeGatewayService: "datalayer-runtime-gateway-svc:8080",
    });
    expect(spec).toMatchObject({
      issuerRef: { name: "letsencrypt" },
      verifier: { url: "http://datalayer-verifier-svc.a.svc:2113" },
      runtimeGateway: { service: { name: "datalayer-runtime-gateway-svc", port: 8080 } },
    });
  });
});
