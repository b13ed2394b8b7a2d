import { beforeAll, expect, it } from "vitest";
import { startConformance, type Verdict } from "./suite.ts";

/** Tests that fail; why, docs/gateway-api-conformance.md says of each. */
const failing = [
  "GatewayWithAttachedRoutes",
  "HTTPRouteHostnameIntersection",
  "HTTPRouteInvalidBackendRefUnknownKind",
  "HTTPRouteInvalidCrossNamespaceBackendRef",
  "HTTPRouteInvalidNonExistentBackendRef",
  "HTTPRouteInvalidReferenceGrant",
  "HTTPRouteListenerHostnameMatching",
  "HTTPRouteMultipleGateways",
  "HTTPRouteNoBackendRefs",
  "HTTPRoutePartiallyInvalidViaInvalidReferenceGrant",
  "HTTPRouteReferenceGrant",
  "HTTPRouteRequestHeaderModifier",
  "HTTPRouteServiceTypes",
];

let verdicts: readonly Verdict[];

beforeAll(async () => {
  const run = await startConformance();
  verdicts = await run(".");
});

it("runs every test that needs no more than Gateway, HTTPRoute and ReferenceGrant", () => {
  expect(verdicts.length).toBe(26);
});

it("fails those that are documented, and no others", () => {
  const failed = verdicts.filter(({ passed }) => !passed).map(({ name }) => name);
  expect(failed.toSorted()).toEqual(failing);
});
