import { ConfigMap, Lease, PersistentVolumeClaim, Pod, Secret } from "@datalayer/shared/kube/kinds";
import { pointer } from "@datalayer/shared/kube/json-patch";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ctrlC } from "../../test/on-terminal.ts";
import { Desk } from "../../test/plane.ts";
import { CustomResourceDefinition, Deployment } from "../cluster/kinds.ts";

let desk: Desk;
beforeAll(async () => {
  desk = await Desk.create();
});
afterAll(() => desk.leave());

const makePool = (name: string, finalizers: string[] = []) =>
  desk.create(RuntimePool, {
    apiVersion: "datalayer.io/v1",
    kind: "RuntimePool",
    metadata: { name, finalizers },
    spec: { environment: "python", size: 1 },
  });

describe("plane down", () => {
  beforeEach(async () => {
    expect(await desk.up("gone", ["--no-wait"])).toMatchObject({ code: 0 });
  });

  it("removes the release and the generated Secret; kinds and what users made stay, and it says so", async () => {
    await makePool("of-a-user");
    expect(await desk.find(Secret, "gone-cloud-credentials")).toBeDefined();
    const { code, stdout, stderr } = await desk.plane(["down", "gone", "--yes", "-o", "json"]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(await desk.find(Secret, "gone-cloud-credentials")).toBeUndefined();
    expect(await desk.find(Deployment, "datalayer-runtime-controller")).toBeUndefined();
    expect((await desk.admin.list(Pod, { namespace: desk.namespace })).items).toEqual([]);
    expect(await desk.find(Lease, "plane-gone")).toBeUndefined();
    expect(await desk.find(CustomResourceDefinition, "runtime-pools.datalayer.io")).toBeDefined();
    expect(await desk.find(RuntimePool, "of-a-user")).toBeDefined();
    expect(JSON.parse(stdout)).toMatchObject({
      release: "gone",
      removed: true,
      remains: { namespace: desk.namespace, objects: { "runtime-pools.datalayer.io": 1 } },
    });
    expect(stderr).toContain("runtime-pools.datalayer.io (1)");
    await desk.delete(RuntimePool, "of-a-user");
  });

  it("warns of what only a controller lets go, and lists all that stays", async () => {
    await makePool("held", ["datalayer.io/pool"]);
    await desk.create(ConfigMap, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "runtime-usage-00000000", labels: { "datalayer.io/usage": "records" } },
    });
    await desk.create(PersistentVolumeClaim, {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "volume-of-a-user", labels: { app: "runtime-pools" } },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    });
    const { code, stdout, stderr } = await desk.plane(["down", "gone", "--yes", "-o", "json"]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const [before = "", after = ""] = stderr.split("What stays:");
    expect(before).toMatch(/let these objects go: .*[1-9] of runtime-pools\.datalayer\.io/);
    expect(before).toMatch(/kubectl delete \S+\.datalayer\.io --all --all-namespaces/);
    expect(after).toMatch(/[1-9]\d* of users, as PersistentVolumeClaims/);
    expect(after).toContain("ConfigMaps runtime-usage-00000000");
    expect(after).toMatch(/waits for the next `plane up`.*[1-9] of runtime-pools\.datalayer\.io/);
    expect(JSON.parse(stdout)).toMatchObject({ remains: { configMaps: ["runtime-usage-00000000"] } });
    const ref = { name: "held", namespace: desk.namespace };
    await desk.admin.patch(RuntimePool, ref, [{ op: "remove", path: "/metadata/finalizers" }]);
    await desk.delete(RuntimePool, "held");
  });

  it("removes the generated Secret also where an earlier attempt was interrupted after the release was gone", async () => {
    const { metadata, data } = await desk.get(Secret, "gone-cloud-credentials");
    const { name, labels, annotations } = metadata;
    await desk.helm(["uninstall", "gone"]);
    await desk.create(Secret, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, ...(labels && { labels }), ...(annotations && { annotations }) },
      ...(data && { data }),
    });
    expect(await desk.plane(["down", "gone", "--yes"])).toMatchObject({ code: 0 });
    expect(await desk.find(Secret, "gone-cloud-credentials")).toBeUndefined();
  });

  it("touches no Secret that the administrator brought, also not one of the generated one's name", async () => {
    for (const name of ["mine", "gone-cloud-credentials"]) {
      const own = ["operator.cloudCredentials.create=false", `operator.cloudCredentials.secretName=${name}`];
      await desk.up("gone", ["--no-wait", ...own.flatMap((value) => ["--set", value])]);
      await desk.create(Secret, { apiVersion: "v1", kind: "Secret", metadata: { name } });
      const { code, stderr } = await desk.plane(["down", "gone", "--yes"]);
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(await desk.find(Secret, name), name).toBeDefined();
      expect(stderr).toMatch(new RegExp(`Secrets .*${name}`));
      await desk.delete(Secret, name);
    }
  });

  it("removes nothing while a user has a runtime, and names it, unless told to leave it", async () => {
    await makeRuntime("user-7");
    const { code, stderr } = await desk.plane(["down", "gone", "--yes"]);
    expect(code).toBe(1);
    expect(stderr).toContain(`${desk.namespace}/runtime-of-a-user, user user-7`);
    expect(stderr).toContain("Next: plane down gone --leave-runtimes");
    expect(await desk.find(Deployment, "datalayer-runtime-controller")).toBeDefined();

    expect(await desk.plane(["down", "gone", "--yes", "--leave-runtimes"])).toMatchObject({ code: 0 });
    expect(await desk.find(Deployment, "datalayer-runtime-controller")).toBeUndefined();
    expect(await desk.find(Pod, "runtime-of-a-user")).toBeDefined();
    await desk.delete(Pod, "runtime-of-a-user");
  });

  it("removes the leases of controllers that have ended, and none that somebody holds", async () => {
    await desk.create(Pod, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "of-another-release" },
      spec: { containers: [{ name: "controller", image: "controller" }] },
    });
    await makeLease("runtime-controller", "datalayer-runtime-controller-7_x");
    await makeLease("route-controller", "of-another-release_x");
    expect(await desk.plane(["down", "gone", "--yes"])).toMatchObject({ code: 0 });
    expect(await desk.find(Lease, "runtime-controller")).toBeUndefined();
    expect(await desk.find(Lease, "route-controller")).toBeDefined();
    await desk.delete(Lease, "route-controller");
    await desk.delete(Pod, "of-another-release");
  });

  it("removes nothing when nobody is there to confirm, or at Ctrl-C", async () => {
    const { code, stderr } = await desk.plane(["down", "gone"]);
    expect(code).toBe(2);
    expect(stderr).toContain("Error: nobody is there to confirm\nNext: add --yes when you are sure");
    const interrupted = await desk.onTerminal(["down", "gone"], [["Remove release", ctrlC]]);
    expect(interrupted).toMatchObject({ code: 130 });
    expect(await desk.find(Deployment, "datalayer-runtime-controller")).toBeDefined();
  });

  it("fails where there is no such release, and names those that there are", async () => {
    const { code, stderr } = await desk.plane(["down", "nowhere", "--yes"]);
    expect(code).toBe(1);
    expect(stderr).toContain(`Error: there is no release "nowhere" in namespace ${desk.namespace}`);
    expect(stderr).toContain(`${desk.namespace}/gone`);
    const ignored = await desk.plane(["down", "nowhere", "--yes", "--ignore-not-found"]);
    expect(ignored).toMatchObject({ code: 0 });
  });
});

/** A lease that reads as held, as those of controllers do whose rights went before they ended. */
async function makeLease(name: string, holderIdentity: string): Promise<void> {
  const renewTime = new Date().toISOString().replace("Z", "000Z");
  await desk.create(Lease, {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name },
    spec: { holderIdentity, leaseDurationSeconds: 3600, renewTime },
  });
}

/** An assigned runtime, brought there as the policy of the states wants it: it holds for administrators as well. */
async function makeRuntime(user: string): Promise<void> {
  const state = "runtime-pools.datalayer.io/pod-status";
  const { metadata } = await desk.create(Pod, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "runtime-of-a-user",
      labels: { app: "runtime-pools", [state]: "pending", "runtime-pools.datalayer.io/user-uid": user },
    },
    spec: { containers: [{ name: "runtime", image: "runtime" }] },
  });
  const ref = { name: metadata.name, namespace: desk.namespace };
  for (const value of ["available", "assigned"]) {
    await desk.admin.patch(Pod, ref, [{ op: "replace", path: pointer("metadata", "labels", state), value }]);
  }
}
