import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AuthenticationV1TokenRequest, KubeConfig } from "@kubernetes/client-node";
import { beforeEach, describe, expect, it } from "vitest";
import { execa } from "execa";
import { ClusterDirectory } from "./cluster/directory.ts";
import { coreApi } from "./cluster/nodes.ts";
import type { ClusterStatus } from "./cluster/status.ts";
import { identify, isRunning } from "./process/identity.ts";
import type { ComponentRecord } from "./process/state.ts";
import { useCluster } from "./testkit/cluster.ts";
import { eventually } from "./testkit/eventually.ts";
import { tempDir } from "./testkit/temp-dir.ts";

const main = join(import.meta.dirname, "main.ts");

/** The token of a ServiceAccount without rights. */
async function validToken(kubeconfigPath: string): Promise<string | undefined> {
  const account = { namespace: "default", name: "default" };
  const body = Object.assign(new AuthenticationV1TokenRequest(), { spec: { audiences: [] } });
  const { status } = await coreApi(kubeconfigPath).createNamespacedServiceAccountToken({ ...account, body });
  return status?.token;
}

describe("the devcluster command", () => {
  let env: Record<string, string>;
  let directory: ClusterDirectory;
  beforeEach(async () => {
    const home = await tempDir();
    env = { XDG_STATE_HOME: home };
    directory = new ClusterDirectory(join(home, "datalayer-operator"));
  });

  const devcluster = (...args: string[]) =>
    execa(process.execPath, [main, ...args], { env, reject: false, stdin: "ignore" });

  /** A cluster that lasts until the command is ended. */
  const owner = () => devcluster("exec", "--nodes", "none", "--name", "one", "--", "sleep", "600");

  const runningParts = async (name: string, count: number): Promise<ComponentRecord[]> =>
    eventually(
      async () => {
        const parts = await directory.state(name).readComponents();
        return parts.length >= count ? parts : undefined;
      },
      { timeoutMs: 60_000, message: `${count} components of ${name}` },
    );

  const runningOf = async (parts: readonly ComponentRecord[]) => {
    const running = await Promise.all(parts.map((part) => isRunning(part.process)));
    return parts.filter((_, index) => running[index]).map(({ name }) => name);
  };

  it("runs a command on a cluster of its own and ends with the command's exit code", async () => {
    const script = 'cat "$KUBECONFIG"; test "$KUBECONFIG" = "$DEVCLUSTER_KUBECONFIG" && exit 7';
    const result = await devcluster("exec", "--nodes", "none", "--", "sh", "-c", script);
    expect(result.exitCode).toBe(7);
    expect(result.stdout).toContain("current-context: devcluster");
    expect(await directory.names()).toEqual([]);
  });

  it.each([
    ["is asked to end", "SIGTERM", 143],
    ["loses its terminal", "SIGHUP", 129],
  ] as const)("removes everything when it %s", async (_, signal, exitCode) => {
    const child = owner();
    const parts = await runningParts("one", 2);
    child.kill(signal);
    expect((await child).exitCode).toBe(exitCode);
    expect(await runningOf(parts)).toEqual([]);
    expect(await directory.names()).toEqual([]);
  });

  it("leaves no process when it is killed while it owns a cluster, and the next start removes the rest", async () => {
    const child = owner();
    const parts = await runningParts("one", 2);
    child.kill("SIGKILL");
    await eventually(async () => (await runningOf(parts)).length === 0);
    expect(await directory.names()).toEqual(["one"]);
    const { state } = await directory.create("two", "none");
    expect(await directory.names()).toEqual(["two"]);
    await state.remove();
  });

  it("is killed while it starts a cluster that is to stay: the next start ends what it left", async () => {
    const child = devcluster("up", "--nodes", "none", "--name", "one");
    const parts = await runningParts("one", 1);
    child.kill("SIGKILL");
    await child;
    expect(await runningOf(parts)).not.toEqual([]);
    await directory.create("two", "none");
    expect(await runningOf(parts)).toEqual([]);
    expect(await directory.names()).toEqual(["two"]);
  });

  it("keeps a cluster until down, with its status, logs and variables", async () => {
    await devcluster("up", "--nodes", "none");
    const [cluster] = JSON.parse((await devcluster("status", "-o", "json")).stdout) as ClusterStatus[];
    expect(cluster).toMatchObject({ name: "default", state: "running", nodes: "none" });
    expect(cluster!.components.map(({ name, running }) => [name, running])).toEqual([
      ["etcd", true],
      ["kube-apiserver", true],
      ["kube-controller-manager", true],
    ]);
    expect((await devcluster("logs", "kube-apiserver")).stdout).toContain("Serving securely");
    expect((await devcluster("logs", "kubelet")).stderr).toBe(
      'Name one of the components of cluster "default": etcd, kube-apiserver, kube-controller-manager.',
    );
    expect((await devcluster("env")).stdout).toContain(`export KUBECONFIG='${cluster!.kubeconfigPath!}'`);
    await devcluster("down");
    for (const { pid } of cluster!.components) {
      expect(await identify(pid)).toBeUndefined();
    }
    expect((await devcluster("status")).stdout).toBe("No cluster.");
  }, 60_000);

  it("uses a given cluster, and leaves that as it is", async () => {
    const { kubeconfigPath } = await useCluster();
    const up = await devcluster("up", "--kubeconfig", kubeconfigPath);
    expect(up.stderr).toContain('Cluster "default" (nodes: ');
    await directory.create("other", "none");
    const [cluster] = JSON.parse(
      (await devcluster("status", "--name", "default", "-o", "json")).stdout,
    ) as ClusterStatus[];
    expect(cluster).toMatchObject({ state: "attached", components: [] });
    expect((await coreApi(cluster!.kubeconfigPath!).listNamespace()).items).not.toEqual([]);
    await devcluster("down");
    expect((await coreApi(kubeconfigPath).listNamespace()).items).not.toEqual([]);
  });

  it.each([
    [
      "may not list nodes",
      validToken,
      /^The user of context "devcluster" may not list the nodes of the cluster/,
    ],
    ["is not known", () => "none", /does not accept the credentials of context "devcluster"\.$/],
  ])("says so when the user of the context %s", async (_, token, sentence) => {
    const { kubeconfigPath } = await useCluster();
    const config = new KubeConfig();
    config.loadFromFile(kubeconfigPath);
    const [user] = config.users;
    const { clusters, contexts, currentContext } = config;
    config.loadFromOptions({
      clusters,
      contexts,
      currentContext,
      users: [{ name: user!.name, token: await token(kubeconfigPath) }],
    });
    const path = join(await tempDir(), "kubeconfig");
    await writeFile(path, config.exportConfig());
    expect((await devcluster("up", "--kubeconfig", path)).stderr).toMatch(sentence);
  });

  it.each([
    [["up", "--context", "nowhere"], /^The kubeconfig has no context "nowhere"; it has: .+\.$/],
    [
      ["env", "--name", "none-such"],
      /^There is no cluster "none-such": start it with `npx devcluster up --name none-such`\.$/,
    ],
    [["down", "--name", "none-such"], /^There is no cluster "none-such"\.$/],
    [["exec", "--kubeconfig", "/no/such/file", "--", "true"], /^The kubeconfig cannot be read: .*ENOENT.*$/],
    [["up", "--kwok-nodes", "-1"], /It has to be a whole number of at least 1/],
  ])("answers %j with one sentence", async (args, sentence) => {
    const { kubeconfigPath } = await useCluster();
    env = { ...env, KUBECONFIG: kubeconfigPath };
    expect((await devcluster(...args)).stderr).toMatch(sentence);
  });
});
