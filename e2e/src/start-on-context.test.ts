import { join } from "node:path";
import { type StartedCluster, startCluster } from "@datalayer/devcluster/cluster";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { loadAccess } from "@datalayer/shared/kube/access";
import { Namespace, Pod } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import { RestClient } from "@datalayer/shared/kube/rest";
import { poolOfExample } from "@datalayer/tools/start/example";
import { execa } from "execa";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const { namespace } = poolOfExample;

let cluster: StartedCluster;
let kube: RestClient;

beforeAll(async () => {
  cluster = await startCluster({ nodes: "real", traefik: false });
  const access = loadAccess({ kubeconfigPath: cluster.kubeconfigPath });
  kube = new RestClient({ access, userAgent: "e2e", fieldManager: "e2e" });
});

afterAll(async () => {
  await kube.close();
  await cluster.down();
});

const started: { pid?: number; done: Promise<unknown>; isOver: boolean }[] = [];

/** `npm start` on the cluster, in a process group of its own as a terminal gives it one. */
function start(...args: string[]) {
  const { kubeconfigPath: path } = cluster;
  const program = ["tools/start/main.ts", "--kubeconfig", path, "--context", "devcluster", ...args];
  const child = execa("node", program, { cwd: root, preferLocal: true, reject: false, detached: true });
  const entry = { pid: child.pid, isOver: false, done: child.finally(() => (entry.isOver = true)) };
  started.push(entry);
  return child;
}

/** Sends what Ctrl-C sends. */
const interrupt = ({ pid = 0 }: { pid?: number }): boolean => process.kill(-pid, "SIGINT");

// One that a test gave up on would disturb the next.
afterEach(async () => {
  for (const child of started.splice(0)) {
    if (!child.isOver) interrupt(child);
    await child.done;
  }
}, 120_000);

/** What the operator could leave: everything of the cluster that lies in no namespace, and the namespaces. */
async function traces(): Promise<string[]> {
  const kinds = [
    "/api/v1/namespaces",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
    "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
  ];
  const lists = await Promise.all(
    kinds.map(async (path) => {
      const { items } = (await kube.raw({ method: "GET", path })) as { items: Manifest<Namespace>[] };
      return items.map(({ metadata }) => `${path}/${metadata.name}`);
    }),
  );
  return lists.flat().sort();
}

// A pool is given five minutes to be warm.
describe("npm start -- --context", { timeout: 480_000 }, () => {
  const image = "registry.localhost/datalayer/jupyter:dev";

  it("runs a cell on the reader's own cluster, and takes out again what it brought", async () => {
    const before = await traces();
    const { stdout } = await start("--once", "--json", "--image", image);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, answer: "42", nodes: "real" });
    expect(await traces()).toEqual(before);
  });

  it("takes it out as well when it is interrupted before the proof", async () => {
    const before = await traces();
    const child = start("--json", "--image", "registry.localhost/datalayer/none:1");
    await eventually(async () => (await kube.list(Pod, { namespace })).items.length > 0, {
      timeoutMs: 120_000,
      message: "the pool being filled",
    });
    interrupt(child);
    const { stdout, exitCode } = await child;
    expect([exitCode, JSON.parse(stdout)]).toEqual([1, { ok: false, reason: "interrupted by SIGINT" }]);
    expect(await traces()).toEqual(before);
  });

  it("ends the runtimes that the reader claimed meanwhile", async () => {
    const before = await traces();
    const child = start("--image", image);
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    await eventually(() => said.includes("Ctrl-C"), { timeoutMs: 360_000, message: "the proof" });
    const claim = /curl (?:.|\n)*runtimes$/m.exec(said)![0];
    const { stdout } = await execa("bash", ["-c", claim]);
    expect(JSON.parse(stdout)).toMatchObject({ success: true });
    interrupt(child);
    expect((await child).exitCode).toBe(0);
    expect(await traces()).toEqual(before);
  });

  it("leaves a namespace alone that is there already", async () => {
    const { apiVersion, kind } = Namespace;
    const { metadata } = await kube.create(Namespace, { apiVersion, kind, metadata: { name: namespace } });
    const { stdout, exitCode } = await start("--once", "--json", "--image", image);
    expect([exitCode, JSON.parse(stdout)]).toEqual([
      1,
      { ok: false, reason: expect.stringContaining(`namespace ${namespace} already`) as string },
    ]);
    const stored = await kube.get(Namespace, metadata);
    expect(stored.metadata).toMatchObject({ uid: metadata.uid, resourceVersion: metadata.resourceVersion });
    await expect(kube.list(RuntimePool, { namespace })).rejects.toMatchObject({ status: 404 });
  });
});
