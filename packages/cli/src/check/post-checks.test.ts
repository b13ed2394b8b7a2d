import type { EndpointSlice, Secret } from "@datalayer/shared/kube/kinds";
import { describe, expect, it } from "vitest";
import { deploymentOf, nowMs, objectOf, sound } from "../../test/observed.ts";
import type { Observed } from "../status/gather.ts";
import { reportStatus } from "../status/status.ts";
import { runChecks } from "./check.ts";
import type { Facts } from "./facts.ts";
import { postChecks } from "./post-checks.ts";

const endpoints = (ready: boolean) => ({ value: [{ endpoints: [{ conditions: { ready } }] }] }) as never;

/** What is known of a release in which all is well, but for these changes. */
function facts({
  observed: changes = {},
  ...more
}: Partial<Omit<Facts, "observed">> & { observed?: Partial<Observed> }): Facts {
  const observed = { ...sound(), ...changes };
  return {
    status: reportStatus(observed, nowMs),
    observed,
    version: "0.1.0",
    nowMs,
    apiEndpoints: endpoints(true),
    apiKey: { value: {} as Secret },
    credentials: { value: [{ name: "cloud-credentials", secret: {} as Secret }] },
    runtimes: { value: [] },
    ...more,
  };
}

/** The checks that find something, as `<id>: <result>`. */
const found = (known: Facts): string[] =>
  runChecks(postChecks, known).categories.flatMap(({ checks }) =>
    checks.flatMap(({ id, result }) => (result === "ok" ? [] : [`${id}: ${result}`])),
  );

/** A deleted object of which a finalizer of ours has not let go for this time. */
function going(minutes: number, finalizer = "datalayer.io/usage"): Partial<Observed> {
  const object = objectOf("RuntimePool", "going");
  const deletionTimestamp = new Date(nowMs - minutes * 60_000).toISOString();
  Object.assign(object.metadata, { deletionTimestamp, finalizers: [finalizer] });
  return { objects: [object] };
}

const none = { deployments: [], replicaSets: [], pods: [] };
const verifierOnly = { ...none, deployments: [deploymentOf("verifier")] };

describe("the checks of a release", () => {
  it("find nothing where all is well", () => {
    expect(found(facts({}))).toEqual([]);
    expect(runChecks(postChecks, facts({})).success).toBe(true);
  });

  it.each([
    ["there are no controllers", { observed: { operator: none } }, ["controllers: error"]],
    [
      "a replica is not ready",
      { observed: { operator: { ...none, deployments: [deploymentOf("verifier", 1)] } } },
      ["controllers: error"],
    ],
    ["nobody leads", { observed: { leases: [] } }, ["leaders: error"]],
    ["the command is of another version", { version: "0.2.0" }, ["versions: warning"]],
    ["the kinds are not there", { observed: { definitions: [] } }, ["kinds: error"]],
    ["no replica answers", { apiEndpoints: endpoints(false) }, ["api-endpoints: error"]],
    ["endpoints may not be read", { apiEndpoints: { problem: "no" } }, ["api-endpoints: warning"]],
    ["there is no key", { apiKey: { value: undefined } }, ["api-key: warning"]],
    [
      "there is no REST API to look at",
      { observed: { operator: verifierOnly }, apiEndpoints: endpoints(false), apiKey: { value: undefined } },
      [],
    ],
    [
      "credentials are not there",
      { credentials: { value: [{ name: "cloud-credentials", secret: undefined }] } },
      ["credentials-secret: error"],
    ],
    [
      "a pool is not ready",
      { observed: { objects: [objectOf("RuntimePool", "a", "Filling")] } },
      ["pools: error"],
    ],
    ["an image fails", { observed: { objects: [objectOf("Image", "a", "BuildFailed")] } }, ["images: error"]],
    [
      "a route is not ready",
      { observed: { objects: [objectOf("Route", "a", "NoTarget")] } },
      ["routes: error"],
    ],
    [
      "a class is not ready",
      { observed: { objects: [objectOf("RouteClass", "a", "NoDataPlane")] } },
      ["routes: error"],
    ],
    ["something has been going for long", { observed: going(6) }, ["leftovers: error"]],
    ["something has just been deleted", { observed: going(4) }, []],
    ["somebody else keeps it", { observed: going(6, "example.com/theirs") }, []],
  ] satisfies [string, Parameters<typeof facts>[0], string[]][])(
    "find, where %s, that and nothing else",
    (_, known, expected) => {
      expect(found(facts(known))).toEqual(expected);
    },
  );
});

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
