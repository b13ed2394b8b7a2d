import { gunzipSync } from "node:zlib";
import { readFile } from "node:fs/promises";
import { Lease, Secret } from "@datalayer/shared/kube/kinds";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Desk } from "../../test/plane.ts";
import type { CheckReport } from "../check/check.ts";
import type { StatusReport } from "../status/status.ts";

const values = {
  operator: {
    cloudCredentials: {
      aws: { accessKeyId: "AKIACANARYID", secretAccessKey: "canary-of-aws", defaultRegion: "eu-west-1" },
    },
    env: { DATALAYER_OPERATOR_API_KEY: "canary-of-the-api-key-0123456789abcdef" },
  },
};

let desk: Desk;
beforeAll(async () => {
  desk = await Desk.create();
  const file = await desk.file("values.json", JSON.stringify(values));
  expect(await desk.up("watched", ["--values", file])).toMatchObject({ code: 0 });
  await desk.create(RuntimePool, {
    apiVersion: "datalayer.io/v1",
    kind: "RuntimePool",
    metadata: { name: "slow" },
    spec: { environment: "python", size: 1 },
  });
});
afterAll(() => desk.leave());

/** Nobody runs in Pods that are played, so a leader is played too. */
async function lead(process: string): Promise<void> {
  const spec = {
    holderIdentity: `datalayer-${process}-7`,
    leaseDurationSeconds: 3600,
    renewTime: new Date().toISOString().replace("Z", "000Z"),
  };
  await desk.create(Lease, {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: process },
    spec,
  });
}

const checked = async () => {
  const { code, stdout } = await desk.plane(["check", "watched", "-o", "json"]);
  const { categories } = JSON.parse(stdout) as CheckReport;
  const found = categories.flatMap(({ checks }) => checks);
  return { code, errors: found.filter(({ result }) => result === "error") };
};

describe("a release of which no replica leads", () => {
  it("has that as a problem of plane status, beside its controllers and kinds", async () => {
    const { stdout } = await desk.plane(["status", "watched", "-o", "json"]);
    const { controllers, problems } = JSON.parse(stdout) as StatusReport;
    expect(controllers.map(({ component, ready }) => [component, ready])).toEqual([
      ["route-controller", 1],
      ["runtime-controller", 1],
      ["verifier", 1],
    ]);
    expect(problems).toContainEqual(
      expect.objectContaining({ object: "Lease runtime-controller", reason: "NoLeader" }),
    );
  });

  it("fails plane check, which says where to read on", async () => {
    const { code, errors } = await checked();
    expect(code).toBe(1);
    expect(errors.map(({ id }) => id)).toContain("leaders");
    expect(errors[0]!.hint).toMatch(/\/checks#leaders$/);
  });

  it("passes when replicas lead", async () => {
    await Promise.all(["runtime-controller", "route-controller"].map(lead));
    expect((await checked()).errors.map(({ id }) => id)).not.toContain("leaders");
  });
});

describe("plane check --pre", () => {
  it("finds what an installation needs", async () => {
    const { code, stdout } = await desk.plane(["check", "watched", "--pre"]);
    expect({ code, stdout }).toMatchObject({ code: 0 });
    expect(stdout).toContain("√ Helm is there, and new enough");
    expect(stdout).toContain("√ you may make and remove every object of the chart");
  });

  it("looks at what these values would install", async () => {
    const { home } = desk;
    await desk.file("typo.yaml", "operator: { replcas: 3 }\n");
    const typo = await desk.plane(["check", "watched", "--pre", "--values", `${home}/typo.yaml`]);
    expect(typo.code).toBe(1);
    expect(typo.stdout).toContain("× the chart can be rendered");
    expect(typo.stdout).toContain("operator.replcas: did you mean operator.replicas?");
    const monitored = ["--set", "operator.serviceMonitor.enabled=true"];
    const unserved = await desk.plane(["check", "watched", "--pre", ...monitored]);
    expect(unserved.code).toBe(1);
    expect(unserved.stdout).toContain("    not served: ServiceMonitor of monitoring.coreos.com/v1\n");
  });

  it("takes flags of Helm, and needs no name for that", async () => {
    const { code, stdout } = await desk.plane(["check", "--pre", "--", "--set", "operator.replcas=3"]);
    expect(code).toBe(1);
    expect(stdout).toContain("operator.replcas");
  });

  it.each([
    ["--values", "some.yaml"],
    ["--chart", "oci://host/chart"],
  ])("is needed for %s", async (...flag) => {
    const { code, stderr } = await desk.plane(["check", "watched", ...flag]);
    expect(code).toBe(2);
    expect(stderr).toContain("add --pre, or leave them out");
  });
});

describe("plane explain", () => {
  it("shows a pool and what it hangs on, also what is not there", async () => {
    const { code, stdout } = await desk.plane(["explain", "pool/slow"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^RuntimePool plane-\w+\/slow/);
    expect(stdout).toContain("└─ RuntimeEnvironment python  NotFound: there is no such object");
  });

  it("says so when there is no such object", async () => {
    const { code, stderr } = await desk.plane(["explain", "pool/none"]);
    expect(code).toBe(1);
    expect(stderr).toContain("none");
  });
});

describe("plane support-bundle", () => {
  it("has objects, checks and Helm's values, and no secret in any form", async () => {
    const file = `${desk.home}/bundle.tar.gz`;
    const { code, stdout, stderr } = await desk.plane(["support-bundle", "watched", "--file", file]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const text = gunzipSync(await readFile(file)).toString();
    for (const name of ["objects/runtime-pools.yaml", "status.json", "check.json", "helm.json"]) {
      expect(text, name).toContain(`bundle/${name}`);
    }
    const { data = {} } = await desk.get(Secret, "watched-cloud-credentials");
    expect(Object.keys(data)).toContain("AWS_SECRET_ACCESS_KEY");
    expect(text).toContain("AWS_SECRET_ACCESS_KEY");
    const secrets = [
      data["AWS_SECRET_ACCESS_KEY"]!,
      "canary-of-aws",
      "canary-of-the-api-key",
      "AKIACANARYID",
    ];
    for (const secret of secrets) expect(text + stdout + stderr).not.toContain(secret);
  });
});
