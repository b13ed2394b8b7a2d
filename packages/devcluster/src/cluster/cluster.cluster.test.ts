import { access, readFile, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { AuthenticationV1TokenRequest, V1ServiceAccount } from "@kubernetes/client-node";
import { Agent, request } from "undici";
import { identify } from "../process/identity.ts";
import type { ComponentRecord } from "../process/state.ts";
import { silentProgress } from "../progress/progress.ts";
import { Provisioner } from "../provision/provisioner.ts";
import { readSettings, type Settings } from "../settings.ts";
import { eventually } from "../testkit/eventually.ts";
import { tempDir } from "../testkit/temp-dir.ts";
import { startCluster } from "./cluster.ts";
import { provideControlPlane } from "./components.ts";
import { ClusterDirectory } from "./directory.ts";
import { coreApi } from "./nodes.ts";

describe("a cluster", () => {
  let settings: Settings;
  let directory: ClusterDirectory;
  beforeEach(async () => {
    settings = { ...readSettings(), stateDir: await tempDir(), assetsDir: undefined };
    directory = new ClusterDirectory(settings.stateDir);
  });

  it("stands beside others, and leaves nothing behind", async () => {
    const assetsDir = await assets(settings);
    const [one, two] = await Promise.all([
      startCluster({ nodes: "none", settings, name: "one" }),
      startCluster({ nodes: "none", settings: { ...settings, assetsDir }, name: "two" }),
    ]);
    const parts = await directory.state("one").readComponents();
    expect(parts.map(({ name }) => name)).toEqual(["etcd", "kube-apiserver", "kube-controller-manager"]);

    await one.down();
    await expectGone(parts);
    await expect(access(dirname(one.kubeconfigPath))).rejects.toThrow("ENOENT");
    expect((await coreApi(two.kubeconfigPath).listNamespace()).items).not.toEqual([]);

    const others = await directory.state("two").readComponents();
    const programs = await Promise.all(others.map(programOf));
    expect(programs).toContain(join(assetsDir, "etcd"));
    expect(programs).toContain(join(assetsDir, "kube-apiserver"));
    await two.down();
    await two.down();
    await expectGone(others);
    expect(await directory.names()).toEqual([]);
  }, 90_000);

  it("keeps an audit log of what service accounts ask for, where that is wanted", async () => {
    const cluster = await startCluster({ nodes: "none", settings, name: "one", audit: true });
    const api = coreApi(cluster.kubeconfigPath);
    const account = { name: "asker", namespace: "default" };
    const made = Object.assign(new V1ServiceAccount(), { metadata: account });
    await api.createNamespacedServiceAccount({ namespace: "default", body: made });
    const body = Object.assign(new AuthenticationV1TokenRequest(), { spec: { audiences: [] } });
    const { status } = await api.createNamespacedServiceAccountToken({ ...account, body });
    const answer = await request(`${cluster.server}/api/v1/namespaces/default/pods`, {
      headers: { authorization: `Bearer ${status!.token}` },
      dispatcher: new Agent({ connect: { rejectUnauthorized: false } }),
    });
    expect(answer.statusCode).toBe(403);
    const events = (await readFile(cluster.auditLogPath, "utf8")).trim().split("\n");
    expect(events.map((line) => JSON.parse(line) as object)).toEqual([
      expect.objectContaining({
        verb: "list",
        user: expect.objectContaining({ username: "system:serviceaccount:default:asker" }) as object,
        objectRef: expect.objectContaining({ resource: "pods", namespace: "default" }) as object,
        responseStatus: expect.objectContaining({ code: 403 }) as object,
      }),
    ]);
    await cluster.down();
  });

  it("is given up on while it starts, and leaves nothing behind", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const start = expect(startCluster({ nodes: "none", settings, name: "one", signal })).rejects.toThrow(
      "enough",
    );
    const etcd = await eventually(async () => (await directory.state("one").readComponents())[0]);
    controller.abort(new Error("enough"));
    await start;
    await expectGone([etcd]);
    expect(await directory.names()).toEqual([]);
  });

  it("refuses assets that lack a program, and leaves nothing behind", async () => {
    const assetsDir = await tempDir();
    await expect(startCluster({ nodes: "none", settings: { ...settings, assetsDir } })).rejects.toThrow(
      `KUBEBUILDER_ASSETS is ${assetsDir}, which holds no etcd: correct or unset it.`,
    );
    expect(await directory.names()).toEqual([]);
  });

  it("refuses the name of one that is there, and leaves that alone", async () => {
    const { state } = await directory.create("one", "none");
    await expect(startCluster({ nodes: "none", settings, name: "one" })).rejects.toThrow(
      'Cluster "one" is there already: end it with `npx devcluster down --name one`, or give another --name.',
    );
    expect(await state.readCluster()).toBeDefined();
  });

  it.each(["", "../one", "One", "one-"])("refuses the name %j", async (name) => {
    await expect(startCluster({ nodes: "none", settings, name })).rejects.toThrow("is no cluster name");
  });
});

/** A folder as KUBEBUILDER_ASSETS names one. */
async function assets(settings: Settings): Promise<string> {
  const { cacheDir, searchPath } = settings;
  const provisioner = new Provisioner({ cacheDir, searchPath, progress: silentProgress });
  const programs = await provideControlPlane(provisioner, { assetsDir: undefined, scheduler: false });
  const dir = await tempDir();
  await symlink(programs.etcd, join(dir, "etcd"));
  await symlink(programs["kube-apiserver"], join(dir, "kube-apiserver"));
  return dir;
}

/** The program that a process was started as. */
async function programOf({ process: { pid } }: ComponentRecord): Promise<string | undefined> {
  return (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0")[0];
}

async function expectGone(parts: readonly ComponentRecord[]): Promise<void> {
  // With a process its port is free, and may belong to another cluster by now.
  for (const { name, process } of parts) expect(await identify(process.pid), name).toBeUndefined();
}
