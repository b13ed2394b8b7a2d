import { describe, expect, it } from "vitest";
import { definitionOf, deploymentOf, leaseOf, nowMs, objectOf, sound } from "../../test/observed.ts";
import type { Observed } from "./gather.ts";
import { reportStatus } from "./status.ts";

const problemsOf = (changes: Partial<Observed>): string[] =>
  reportStatus({ ...sound(), ...changes }, nowMs).problems.map(
    ({ object, reason }) => `${object}: ${reason}`,
  );

/** The processes, with another one in place of that of its name. */
const withDeployment = (...args: Parameters<typeof deploymentOf>): Partial<Observed> => {
  const { operator } = sound();
  const other = deploymentOf(...args);
  const others = operator.deployments.filter(({ metadata }) => metadata.name !== other.metadata.name);
  return { operator: { ...operator, deployments: [...others, other] } };
};

const withLeases = (...leases: ReturnType<typeof leaseOf>[]): Partial<Observed> => {
  const others = sound().leases.filter(({ metadata }) => metadata.name !== "route-controller");
  return { leases: [...others, ...leases] };
};

const withDefinitions = (...some: ReturnType<typeof definitionOf>[]): Partial<Observed> => {
  const others = sound().definitions.filter(({ metadata }) => metadata.name !== "images.datalayer.io");
  return { definitions: [...others, ...some] };
};

describe("a release", () => {
  it("in which all is well has no problem, and says who leads", () => {
    const { isHealthy, problems, controllers } = reportStatus(sound(), nowMs);
    expect({ isHealthy, problems }).toEqual({ isHealthy: true, problems: [] });
    expect(controllers.map(({ component, leader, version }) => [component, leader, version])).toEqual([
      ["image-controller", "datalayer-image-controller-7", "0.1.0"],
      ["route-controller", "datalayer-route-controller-7", "0.1.0"],
      ["runtime-controller", "datalayer-runtime-controller-7", "0.1.0"],
      ["verifier", undefined, "0.1.0"],
    ]);
  });

  it("without any controller is not healthy, although nothing else is wrong", () => {
    const nothing = { operator: { deployments: [], replicaSets: [], pods: [] } };
    expect(reportStatus({ ...sound(), ...nothing }, nowMs)).toMatchObject({ isHealthy: false, problems: [] });
  });

  it.each([
    ["a replica is not ready", withDeployment("verifier", 1), ["Deployment datalayer-verifier: NotReady"]],
    [
      "a controller is scaled to none",
      withDeployment("verifier", 0, 0),
      ["Deployment datalayer-verifier: Stopped"],
    ],
    ["no lease is there", withLeases(), ["Lease route-controller: NoLeader"]],
    [
      "a leader has been silent",
      withLeases(leaseOf("route-controller", 31)),
      ["Lease route-controller: NoLeader"],
    ],
    ["a leader has been slow", withLeases(leaseOf("route-controller", 29)), []],
    ["leases may not be read", { leases: [], hidden: ["leases"] }, []],
    ["a kind is not there", withDefinitions(), ["CustomResourceDefinition images.datalayer.io: Missing"]],
    [
      "a kind is not served",
      withDefinitions(definitionOf("images.datalayer.io", { established: "False" })),
      ["CustomResourceDefinition images.datalayer.io: NotEstablished"],
    ],
    [
      "a kind is of another version",
      withDefinitions(definitionOf("images.datalayer.io", { of: "0.0.9" })),
      ["CustomResourceDefinition images.datalayer.io: OtherVersion"],
    ],
    ["kinds may not be read", { definitions: [], hidden: ["definitions of kinds"] }, []],
    [
      "an image fails",
      { objects: [objectOf("Image", "bad", "BuildFailed")] },
      ["Image ours/bad: BuildFailed"],
    ],
  ] satisfies [string, Partial<Observed>, string[]][])(
    "where %s says that, and nothing else",
    (_, changes, problems) => {
      expect(problemsOf(changes)).toEqual(problems);
    },
  );
});

describe("objects", () => {
  it("are counted by kind, and pools by their runtimes", () => {
    const pool = objectOf("RuntimePool", "python", "Filling");
    Object.assign(pool.status!, { desired: 4, available: 2, pending: 1, assigned: 3 });
    const objects = [
      pool,
      objectOf("Image", "good"),
      objectOf("Image", "bad", "BuildFailed"),
      objectOf("Route", "one"),
    ];
    expect(reportStatus({ ...sound(), objects }, nowMs)).toMatchObject({
      pools: [
        {
          name: "python",
          desired: 4,
          available: 2,
          pending: 1,
          assigned: 3,
          ready: "False",
          reason: "Filling",
        },
      ],
      images: { total: 2, notReady: 1 },
      routes: { total: 1, notReady: 0 },
    });
  });
});
