import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { PersistentVolumeClaim, Pod, Secret } from "@datalayer/shared/kube/kinds";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { poolOfExample } from "@datalayer/tools/start/example";
import { runCell } from "@datalayer/tools/start/kernel";
import { claimRuntime, type ClaimedRuntime, type OperatorApi } from "@datalayer/tools/start/rest";
import { untilWarm } from "@datalayer/tools/start/watching";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type GitServer, startGitServer } from "./git-server/git-server.ts";
import { type Stage, startStage } from "./stage.ts";

const { namespace } = poolOfExample;
const { signal } = new AbortController();
const sharedClaim = "shared-fs-pvc";

let stage: Stage;
let api: OperatorApi;
let kube: RestClient;
let server: GitServer;
let image: string;

beforeAll(async () => {
  stage = await startStage({ DATALAYER_SHARED_FS_VOLUME_CLAIM_NAME: sharedClaim });
  ({ api, kube } = stage);
  image = `${stage.cluster.imageRegistry}/datalayer/git-content:0.1.0`;
  server = await startGitServer(kube, namespace, image);
  const { apiVersion, kind } = Secret;
  const metadata = { name: "git-access", namespace };
  await kube.create(Secret, { apiVersion, kind, metadata, stringData: server.secret });
  await kube.create(PersistentVolumeClaim, {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: sharedClaim, namespace },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
  });
});

afterAll(() => stage.end());

async function createContent(name: string, spec: RuntimeContent["spec"]): Promise<void> {
  const { apiVersion, kind } = RuntimeContent;
  await kube.create(RuntimeContent, { apiVersion, kind, metadata: { name, namespace }, spec });
}

/** A repository of the server, pinned to its first commit. */
function gitContent(name: string, spec: Partial<RuntimeContent["spec"]> = {}): Promise<void> {
  const { url, facts } = server;
  const source = `${url}/course.git`;
  return createContent(name, { type: "git", source, revision: facts.first, secret: "git-access", ...spec });
}

async function createPool(
  name: string,
  contents: RuntimeEnvironment["spec"]["contents"],
  size = 1,
): Promise<void> {
  await kube.create(RuntimeEnvironment, {
    apiVersion: RuntimeEnvironment.apiVersion,
    kind: RuntimeEnvironment.kind,
    metadata: { name: `${name}-env`, namespace },
    spec: {
      title: name,
      dockerImage: "${DATALAYER_DOCKER_REGISTRY}/datalayer/jupyter:dev",
      language: "python",
      resourcesRanges: { default: { limits: {} } },
      contents,
    },
  });
  await kube.create(RuntimePool, {
    apiVersion: RuntimePool.apiVersion,
    kind: RuntimePool.kind,
    metadata: { name: `${name}-pool`, namespace },
    spec: { environment: `${name}-env`, size },
  });
}

async function claim(pool: string): Promise<ClaimedRuntime> {
  await untilWarm(stage.cluster, { namespace, name: `${pool}-pool` }, { note: () => undefined, signal });
  // Each pool is for another user: one user may have five runtimes.
  const fields = { environment_name: `${pool}-env`, user_uid: `user-of-${pool}` };
  return (await claimRuntime(api, signal, fields)).runtime;
}

/** What the pool says when the content of its runtimes cannot be fetched. */
async function whyNotFetched(pool: string): Promise<string> {
  return eventually(
    async () => {
      const { status } = await kube.get(RuntimePool, { namespace, name: `${pool}-pool` });
      const ready = status?.conditions?.find(({ type }) => type === "Ready");
      return ready?.reason === "InitContainerFailed" && ready.message;
    },
    { timeoutMs: 90_000, message: `pool ${pool} saying that the content cannot be fetched` },
  );
}

/** The commits that available runtimes of a pool were made with. */
async function revisionsServed(pool: string): Promise<string> {
  const labelSelector = `runtime-pools.datalayer.io/name=${pool},runtime-pools.datalayer.io/pod-status=available`;
  const { items } = await kube.list(Pod, { namespace, labelSelector });
  const variables = items.flatMap(({ spec }) => spec?.initContainers?.[0]?.env ?? []);
  const revisions = variables.filter(({ name }) => name === "DATALAYER_CONTENT_REVISION");
  return revisions.map(({ value }) => value).join();
}

/** Cells whose value is the text of a file, and whether its folder may be written. */
const read = (path: string): string => `open("${path}").read().strip()`;
const mayWrite = (path: string): string => `import os; os.access("${path}", os.W_OK)`;

describe("a git content", () => {
  it("is in a warm runtime at its commit, and cannot be written", async () => {
    await gitContent("course", { sha256: server.facts.sha256 });
    await createPool("course", [{ name: "course", mount: "/home/datalayer/course" }]);
    const runtime = await claim("course");
    expect(await runCell(runtime, read("/home/datalayer/course/README.md"))).toBe("'first edition'");
    expect(await runCell(runtime, mayWrite("/home/datalayer/course"))).toBe("False");
  });

  it("shows its credentials to nobody but the init container", async () => {
    const { items } = await kube.list(Pod, { namespace });
    expect(JSON.stringify(items)).not.toContain("canary-password");
    const runtime = await claim("course");
    const commands =
      "env; cat /proc/mounts /home/datalayer/course/.git/config; find /run/secrets /var/run/secrets";
    const seen = await runCell(runtime, `import subprocess; subprocess.getoutput("${commands}")`);
    expect(seen).toContain("/home/datalayer/course");
    expect(seen).not.toMatch(/canary|datalayer.io\/git/);
  });

  it("may be one folder of its repository, and written where that is permitted", async () => {
    await gitContent("lesson", { subPath: "week-1", permissions: "rw" });
    await createPool("lesson", [{ name: "lesson", mount: "/home/datalayer/lesson" }]);
    const runtime = await claim("lesson");
    const path = "/home/datalayer/lesson/lesson.txt";
    await runCell(runtime, `with open("${path}", "a") as file: file.write("my notes")`);
    expect(await runCell(runtime, read(path))).toBe(String.raw`'lesson one\nmy notes'`);
  });

  it("comes into new runtimes at another commit when that is set", async () => {
    const operation = { op: "replace" as const, path: "/spec/revision", value: server.facts.second };
    const metadata = { namespace, name: "course" };
    await kube.patch(RuntimeContent, metadata, [operation, { op: "remove", path: "/spec/sha256" }]);
    await eventually(async () => (await revisionsServed("course-pool")) === server.facts.second, {
      timeoutMs: 120_000,
      message: "the pool to be rolled out",
    });
    const runtime = await claim("course");
    expect(await runCell(runtime, read("/home/datalayer/course/README.md"))).toBe("'second edition'");
  });

  it("with another hash keeps runtimes from starting, and the pool says so", async () => {
    const sha256 = "0".repeat(64);
    await gitContent("forged", { sha256 });
    await createPool("forged", [{ name: "forged", mount: "/data" }]);
    expect(await whyNotFetched("forged")).toContain(
      `RuntimeContent forged: HashMismatch: the archive of ${server.facts.first} has the SHA-256 ${server.facts.sha256}; expected ${sha256}`,
    );
  });

  it("gets nothing of a Secret of another purpose, and the pool says so", async () => {
    const { apiVersion, kind } = Secret;
    const metadata = { name: "of-another", namespace };
    await kube.create(Secret, { apiVersion, kind, metadata, stringData: { token: "canary-token" } });
    await gitContent("borrowed", { secret: "of-another" });
    await createPool("borrowed", [{ name: "borrowed", mount: "/data" }]);
    const message = await whyNotFetched("borrowed");
    expect(message).toContain(
      "RuntimeContent borrowed: SecretMissing: Secret of-another is not there, or has none of the keys username, password, ssh-privatekey, known_hosts, ca.crt",
    );
    expect(message).not.toContain("canary");
  });
});

describe("an nfs content", () => {
  it("is a folder of the shared claim, the same for all runtimes", async () => {
    await createContent("team", { type: "nfs", subPath: "teams/one", permissions: "rw" });
    const contents = [
      { name: "team", mount: "/home/datalayer/team" },
      { name: "team", mount: "/home/datalayer/look", permissions: "ro" as const },
    ];
    await createPool("team", contents, 2);
    const [mine, yours] = [await claim("team"), await claim("team")];
    await runCell(mine, `with open("/home/datalayer/team/plan.txt", "w") as file: file.write("ours")`);
    expect(await runCell(yours, read("/home/datalayer/look/plan.txt"))).toBe("'ours'");
    expect(await runCell(yours, mayWrite("/home/datalayer/look"))).toBe("False");
  });
});

describe("the fetcher of git contents", () => {
  /** What its container says at its end. */
  async function fetched(name: string, variables: Record<string, string>): Promise<string> {
    const metadata = { name, namespace };
    const values = { NAME: name, REVISION: server.facts.first, SECRET: "git-access", ...variables };
    const env = Object.entries(values).map(([key, value]) => ({ name: `DATALAYER_CONTENT_${key}`, value }));
    const mounts = [
      { name: "files", mountPath: "/content" },
      { name: "secret", mountPath: "/run/secrets/datalayer.io/git" },
    ];
    const spec: Pod["spec"] = {
      restartPolicy: "Never",
      automountServiceAccountToken: false,
      securityContext: { runAsUser: 1000, runAsGroup: 100, fsGroup: 100 },
      hostAliases: [
        { ip: server.host, hostnames: ["git.test"] },
        { ip: "169.254.169.254", hostnames: ["metadata.test"] },
      ],
      containers: [{ name: "fetch", image, env, volumeMounts: mounts }],
      volumes: [
        { name: "files", emptyDir: {} },
        { name: "secret", secret: { secretName: "git-access" } },
      ],
    };
    await kube.create(Pod, { apiVersion: "v1", kind: "Pod", metadata, spec });
    return eventually(
      async () => {
        const { containerStatuses } = (await kube.get(Pod, metadata)).status ?? {};
        const ended = containerStatuses?.[0]?.state?.terminated;
        return ended && (ended.message ?? `exit code ${ended.exitCode}`);
      },
      { timeoutMs: 60_000, message: `Pod ${name} to end` },
    );
  }

  it.each([
    ["asks the address that it has checked", "named", {}, /^exit code 0$/],
    [
      "asks nothing of the metadata service, whatever its name",
      "metadata",
      { SOURCE: "https://metadata.test/a" },
      /AddressRefused: metadata.test is 169.254.169.254/,
    ],
    [
      "follows no redirect",
      "moved",
      { SOURCE: "https://git.test:8443/moved/course.git" },
      /GitFailed: git fetch: .*redirect|302/,
    ],
    [
      "leaves the repository by no link",
      "way-out",
      { SUB_PATH: "way-out" },
      /SubPathRefused: way-out leads out of the repository/,
    ],
    ["says that a folder is not there", "no-folder", { SUB_PATH: "week-9" }, /SubPathNotFound/],
    [
      "says that a commit is not there",
      "no-commit",
      { REVISION: "0".repeat(40) },
      /RevisionNotFound|GitFailed/,
    ],
    [
      "says that nobody answers",
      "nobody",
      { SOURCE: "https://git.test:8444/course.git" },
      /GitFailed: git fetch/,
    ],
  ])("%s", async (_, name, variables, expected) => {
    const source = "https://git.test:8443/course.git";
    expect(await fetched(name, { SOURCE: source, ...variables })).toMatch(expected);
  });
});
