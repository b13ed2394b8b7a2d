import type { Route, RouteSpec } from "@datalayer/shared/crds/route";
import { describe, expect, it } from "vitest";
import { connectionKeysOf, connectionRefusalOf, disputedHostOf } from "./connections.ts";

const certificates: Partial<RouteSpec> = { auth: { clientCert: { caSecretName: "ca" } } };

function route(
  hosts: string[],
  spec: Partial<RouteSpec> = {},
  metadata: Partial<Route["metadata"]> = {},
): Route {
  const defaults = { name: "one", namespace: "team-a", uid: hosts.join(), resourceVersion: "1" };
  return {
    apiVersion: "datalayer.io/v1",
    kind: "Route",
    metadata: { ...defaults, creationTimestamp: "2026-01-01T00:00:00Z", ...metadata },
    spec: { hosts, tls: { secretName: "certificate" }, auth: { none: {} }, rules: [], ...spec },
  };
}

describe("two Routes with HTTPS, of which one asks for client certificates", () => {
  it.each([
    ["a.test", "a.test", "a.test"],
    ["a.test", "*.test", "a.test"],
    ["*.test", "a.test", "*.test"],
    ["*.b.test", "a.b.test", "*.b.test"],
    ["a.test", "b.test", undefined],
    ["*.test", "a.b.test", undefined],
    ["*.b.test", "*.test", undefined],
  ])("of %s and %s dispute %s", (one, other, host) => {
    expect(disputedHostOf(route([one], certificates), route([other]))).toBe(host);
    expect(disputedHostOf(route([one]), route([other], certificates))).toBe(host);
    expect(disputedHostOf(route([one], certificates), route([other], certificates))).toBe(host);
    expect(disputedHostOf(route([one]), route([other]))).toBeUndefined();
  });

  it.each([
    ["a.test", "a.test"],
    ["a.test", "*.test"],
  ])("of %s and %s are found by one key", (one, other) => {
    expect(connectionKeysOf(route([one]))).toEqual(connectionKeysOf(route([other])));
  });

  it("do not meet when one has no HTTPS", () => {
    const plain = route(["a.test"]);
    delete plain.spec.tls;
    expect(connectionKeysOf(plain)).toEqual([]);
  });
});

it("the older one has the host, and is named within its namespace only", () => {
  const later = { creationTimestamp: "2026-01-02T00:00:00Z", uid: "later" };
  const older = route(["a.test"], certificates);
  const younger = route(["b.test", "a.test"], {}, { name: "two", ...later });
  expect(connectionRefusalOf(older, [younger])).toBeUndefined();
  expect(connectionRefusalOf(younger, [older])).toMatchObject({
    reason: "Conflict",
    message: expect.stringContaining('Route "one" has host "a.test" over HTTPS already') as string,
    conflict: { host: "a.test", path: "/", route: "one" },
  });
  const elsewhere = route(["a.test"], {}, { namespace: "team-b", ...later });
  expect(connectionRefusalOf(elsewhere, [older])?.conflict).toEqual({ host: "a.test", path: "/" });
});
