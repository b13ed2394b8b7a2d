import type { EndpointSlice } from "@datalayer/shared/kube/kinds";
import { describe, expect, it } from "vitest";
import type { Facts } from "./facts.ts";
import { postChecks } from "./post-checks.ts";

const { run } = postChecks.flatMap(({ checks }) => checks).find(({ id }) => id === "api-endpoints")!;

/** The part of the facts that the check of the REST API looks at. */
const factsOf = (slice: Partial<EndpointSlice>): Facts => {
  const status = { controllers: [{ component: "runtime-controller", desired: 1 }] };
  return { status, apiEndpoints: { value: [slice] } } as unknown as Facts;
};

describe("the check of the endpoints of the REST API", () => {
  it.each<[string, unknown, string]>([
    ["an endpoint that is ready", [{ addresses: ["10.0.0.1"], conditions: { ready: true } }], "ok"],
    ["an endpoint of which it is not known", [{ addresses: ["10.0.0.1"] }], "ok"],
    ["an endpoint that is not ready", [{ addresses: ["10.0.0.1"], conditions: { ready: false } }], "error"],
    ["no endpoint", [], "error"],
    ["endpoints that read null, as the API server writes none", null, "error"],
  ])("of a slice with %s", (_, endpoints, result) => {
    expect(run(factsOf({ endpoints } as Partial<EndpointSlice>)).result).toBe(result);
  });
});
