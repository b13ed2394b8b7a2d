import { readFile } from "node:fs/promises";
import { Lease, Namespace, Secret } from "@datalayer/shared/kube/kinds";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Desk } from "../../test/plane.ts";
import { CustomResourceDefinition, Deployment } from "../cluster/kinds.ts";
import type { Change } from "./diff/change.ts";

const azure = {
  tenantId: "11111111-1111-1111-1111-111111111111",
  clientId: "22222222-2222-2222-2222-222222222222",
  clientSecret: "canary-of-azure",
  subscriptionId: "33333333-3333-3333-3333-333333333333",
  resourceGroup: "workers",
};
const azureValues = (values: object = azure) =>
  JSON.stringify({ operator: { cloudCredentials: { azure: values } } });
const azureFile = ".clouder/kubeadm/devcluster/datalayer-operator-azure.json";

const decoded = (secret: Secret | undefined) =>
  Object.fromEntries(
    Object.entries(secret?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]),
  );

/** The Secrets that give the runtime-controller the credentials of a cloud. */
async function credentialsOf(desk: Desk): Promise<{ variables: unknown; files: unknown }> {
  const { spec } = await desk.get(Deployment, "datalayer-runtime-controller");
  const { containers, volumes } = spec!.template.spec!;
  return {
    variables: containers[0]!.envFrom?.map(({ secretRef }) => secretRef?.name),
    files: volumes?.find(({ name }) => name === "cloud-credentials")?.secret?.secretName,
  };
}

const replicasOf = async (desk: Desk) =>
  (await desk.get(Deployment, "datalayer-runtime-controller")).spec!.replicas;

describe("plane up, where nothing is installed", () => {
  let desk: Desk;
  let stdout: string;
  let stderr: string;

  beforeAll(async () => {
    desk = await Desk.create();
    const ended = await desk.up("one", ["-o", "json"]);
    expect(ended).toMatchObject({ code: 0 });
    ({ stdout, stderr } = ended);
  });
  afterAll(() => desk.leave());

  it("names the release, context and server first", () => {
    const [first] = stderr.split("\n");
    expect(first).toMatch(
      new RegExp(
        `^Release one in namespace ${desk.namespace}, on context "devcluster" \\(https://127.0.0.1:\\d+\\)$`,
      ),
    );
  });

  it("creates the namespace, in which runtimes meet Pod Security baseline", async () => {
    const { metadata } = await desk.get(Namespace, desk.namespace);
    expect(metadata.labels).toMatchObject({ "pod-security.kubernetes.io/enforce": "baseline" });
  });

  it("creates and mounts the Secret with credentials", async () => {
    expect(await desk.find(Secret, "one-cloud-credentials")).toBeDefined();
    expect(await credentialsOf(desk)).toEqual({
      variables: ["one-cloud-credentials"],
      files: "one-cloud-credentials",
    });
  });

  it("waits until every controller is ready, and says so", () => {
    expect(JSON.parse(stdout)).toMatchObject({
      release: "one",
      chart: { name: "operator", version: "0.1.0" },
      controllers: [
        { component: "route-controller", ready: 1, desired: 1, isReady: true },
        { component: "runtime-controller", ready: 1, desired: 1, isReady: true },
        { component: "verifier", ready: 1, desired: 1, isReady: true },
      ],
    });
    expect(stderr).toContain("runtime-controller 1/1 ready");
  });

  it("ends with where to look next, and leaves no lock", async () => {
    expect(stderr).toContain(`plane status one -n ${desk.namespace}`);
    expect(await desk.find(Lease, "plane-one")).toBeUndefined();
  });

  it("changes nothing the second time", async () => {
    const { code, stdout: changes } = await desk.up("one", ["--dry-run", "--exit-unchanged", "-o", "json"]);
    expect(code).toBe(3);
    const actions = (JSON.parse(changes) as Change[]).map(({ action }) => action);
    expect(actions.length).toBeGreaterThan(30);
    expect([...new Set(actions)]).toEqual(["unchanged"]);
  });

  it("shows in a dry run what would change, as the API server would have it, and changes nothing", async () => {
    const ended = await desk.up("one", ["--dry-run", "--set", "operator.replicas=3"]);
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(/^-\s+replicas: 1$/m);
    expect(ended.stdout).toMatch(/^\+\s+replicas: 3$/m);
    expect(ended.stderr).toMatch(/1 to change, \d+ unchanged; nothing was changed/);
    expect(await replicasOf(desk)).toBe(1);
  });

  it("shows in a dry run that secrets change, and never shows them", async () => {
    const values = await desk.file("values.json", azureValues());
    const { stdout: diff } = await desk.up("one", ["--dry-run", "--values", values]);
    expect(diff).toMatch(/^\+\s+AZURE_CLIENT_SECRET: "\*\*\*"$/m);
    expect(diff).not.toContain("canary");
    expect(diff).not.toContain(Buffer.from("canary-of-azure").toString("base64"));
  });

  it("keeps the values of the last time where none are given, and forgets them when told", async () => {
    await desk.up("one", ["--set", "operator.replicas=3", "--no-wait"]);
    await desk.plane(["up", "one", "--no-wait"]);
    expect(await replicasOf(desk)).toBe(3);
    expect(await desk.plane(["up", "one", "--no-wait", "--reset-values"])).toMatchObject({ code: 0 });
    expect(await replicasOf(desk)).toBe(2);
  });

  it("names a value that the chart refuses, and the one that may have been meant, before it changes anything", async () => {
    const { metadata } = await desk.get(Deployment, "datalayer-runtime-controller");
    const wrong = ["--set", "operator.replicas=many", "--set", "operator.replica=1"];
    const { code, stderr: said } = await desk.up("one", wrong);
    expect(code).toBe(2);
    expect(said).toMatch(/operator\.replicas: got string, want integer/);
    expect(said).toContain("operator.replica: did you mean operator.replicas?");
    // Its status changes all the time: the one before did not wait.
    expect((await desk.get(Deployment, metadata.name)).metadata.generation).toBe(metadata.generation);
  });
});

describe("plane up, with credentials of a cloud", () => {
  let desk: Desk;
  let helmLog: string;

  beforeAll(async () => {
    desk = await Desk.create();
    helmLog = await desk.file("helm.log", "");
  });
  afterAll(() => desk.leave());

  /** Helm, with every call recorded as it can be read in the list of processes. */
  const recordingHelm = async () => ({
    PLANE_HELM: await desk.file(
      "helm",
      `#!/bin/sh\nprintf '%s\\n' "$*" >>${helmLog}\nexec ${desk.helmPath} "$@"\n`,
      0o700,
    ),
  });

  it("takes the values of the context that clouder wrote, says so, and hands them to nobody's eyes", async () => {
    const path = await desk.file(azureFile, azureValues());
    const { code, stdout, stderr } = await desk.up("two", ["--no-wait"], { env: await recordingHelm() });
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`Credentials for Azure: ${path}\n`) as string,
    });
    expect(decoded(await desk.find(Secret, "two-cloud-credentials"))).toMatchObject({
      AZURE_CLIENT_ID: azure.clientId,
      AZURE_CLIENT_SECRET: "canary-of-azure",
    });
    const calls = await readFile(helmLog, "utf8");
    expect(calls).toContain("upgrade two");
    expect([calls, stdout, stderr].join()).not.toContain("canary");
  });

  it("takes new ones at the next time", async () => {
    await desk.file(azureFile, azureValues({ ...azure, clientSecret: "canary-rotated" }));
    const { stdout } = await desk.up("two", ["--dry-run"]);
    expect(stdout).toContain('AZURE_CLIENT_SECRET: "*** (after)"');
    expect(stdout).not.toContain("canary");
    await desk.up("two", ["--no-wait"]);
    expect(decoded(await desk.find(Secret, "two-cloud-credentials"))).toMatchObject({
      AZURE_CLIENT_SECRET: "canary-rotated",
    });
  });

  it("prefers the file that the variable names, and warns of one that others can read", async () => {
    const path = await desk.file(
      "other.json",
      azureValues({ ...azure, clientSecret: "canary-other" }),
      0o644,
    );
    const env = { DATALAYER_OPERATOR_AZURE_VALUES_FILE: path };
    const { stderr } = await desk.up("two", ["--no-wait"], { env });
    expect(stderr).toContain(`Warning: others can read ${path}: chmod 600 ${path}`);
    expect(decoded(await desk.find(Secret, "two-cloud-credentials"))).toMatchObject({
      AZURE_CLIENT_SECRET: "canary-other",
    });
  });

  it("mounts the administrator's own Secret and creates none, also at the next time without values", async () => {
    const own = ["operator.cloudCredentials.create=false", "operator.cloudCredentials.secretName=mine"];
    await desk.up("two", ["--no-wait", ...own.flatMap((value) => ["--set", value])]);
    for (const round of ["this time", "next time"]) {
      expect(await desk.find(Secret, "two-cloud-credentials"), round).toBeUndefined();
      expect(await credentialsOf(desk), round).toEqual({ variables: ["mine"], files: "mine" });
      await desk.plane(["up", "two", "--no-wait"]);
    }
  });

  it("warns of a secret that is an argument", async () => {
    const { stderr } = await desk.up("two", [
      "--dry-run",
      "--set",
      "operator.cloudCredentials.azure.clientSecret=x",
    ]);
    expect(stderr).toContain(
      "Warning: every user of this machine can read operator.cloudCredentials.azure.clientSecret",
    );
  });
});

describe("plane up, where something stays of another release", () => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await Desk.create();
    await desk.plane(["up", "first", "--no-wait"]);
  });
  afterAll(() => desk.leave());

  it("leaves it alone while that release lives", async () => {
    const { code, stderr } = await desk.plane(["up", "second", "--no-wait"]);
    expect(code).toBe(1);
    expect(stderr).toContain(
      ` belongs to release "first" in namespace ${desk.namespace}, which is deployed\nNext: plane up first -n ${desk.namespace}`,
    );
  });

  it("takes it over when that release is gone: kinds, and the namespace of builds", async () => {
    await desk.plane(["down", "first", "--yes"]);
    const { code, stderr } = await desk.plane(["up", "second", "--no-wait"]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toMatch(/belongs to this one now: datalayer-builds, .*, runtime-pools\.datalayer\.io/);
    const { metadata } = await desk.get(CustomResourceDefinition, "runtime-pools.datalayer.io");
    expect(metadata.annotations).toMatchObject({
      "meta.helm.sh/release-name": "second",
      "helm.sh/resource-policy": "keep",
    });
  });
});

describe("plane up, when controllers do not become ready", () => {
  it("names the blocker and the next command, and ends with 124", async () => {
    const desk = await Desk.create();
    const nowhere = ["--set", "operator.nodeSelector.room=none"];
    const { code, stderr } = await desk.up("late", ["--timeout", "5s", ...nowhere]);
    expect(code).toBe(124);
    expect(stderr).toMatch(
      /^runtime-controller 0\/1 ready: Pod datalayer-runtime-controller-\S+: Unschedulable: /m,
    );
    expect(stderr).toMatch(
      /Error: not ready after 5s: Pod (datalayer-runtime-controller-\S+): Unschedulable: .*node.*affinity\/selector/,
    );
    expect(stderr).toMatch(/Next: kubectl describe pod\/datalayer-runtime-controller-\S+ -n plane-/);
    expect(stderr).toContain("Next: plane logs late --controller runtime-controller");
    await desk.leave();
  });
});
