import { Image } from "@datalayer/shared/crds/image";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { Secret } from "@datalayer/shared/kube/kinds";
import { beforeAll, describe, expect, it } from "vitest";
import { GitServer } from "../../test/git-server.ts";
import { type Harness, startHarness } from "../../test/harness.ts";
import { end } from "../../test/kubelet.ts";
import { wish } from "./names.ts";

let harness: Harness;
let git: GitServer;

beforeAll(async () => {
  [harness, git] = await Promise.all([startHarness(), GitServer.start()]);
  await harness.startReplica("git");
  git.isLocked = true;
  await harness.admin.create(Secret, {
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/basic-auth",
    metadata: { namespace: harness.namespace, name: "git" },
    stringData: { ...git.login, "ca.crt": git.ca },
  });
});

const sourceOf = (repository: string) => ({
  git: { url: `${git.url}/${repository}`, subPath: "image", secretRef: { name: "git" } },
});

let looks = 0;
function look(name: string): Promise<Image> {
  const value = { [wish.lookAfter]: String(++looks) };
  const ref = { namespace: harness.namespace, name };
  return harness.admin.patch(Image, ref, [{ op: "add", path: "/metadata/annotations", value }]);
}

async function build(name: string): Promise<void> {
  const job = await harness.job(name);
  await end(harness.admin, job, { message: await harness.push(job) });
  await harness.phase(name, "Ready");
}

describe("an Image of a repository", () => {
  it("is built for commits that change its folder, and for no others", async () => {
    const first = await git.commit("app", { "image/Dockerfile": "FROM scratch\n" });
    await harness.createImage("app", { source: sourceOf("app"), output: { tagTemplate: "c-{revision}" } });
    await build("app");
    const { status } = await harness.image("app");
    expect(status?.source?.revision).toBe(first);
    expect(status?.tags).toEqual(["latest", `c-${first.slice(0, 10)}`]);

    const second = await git.commit("app", { "README.md": "changed\n" });
    await look("app");
    await eventually(async () => (await harness.image("app")).status?.source?.revision === second);
    await harness.phase("app", "Ready");
    expect(await harness.jobs("app")).toHaveLength(1);

    const third = await git.commit("app", { "image/Dockerfile": "FROM scratch\nUSER 1\n" });
    await look("app");
    const building = await harness.phase("app", "Building");
    expect(building.status).toMatchObject({ source: { revision: third }, build: { trigger: "Source" } });
    await build("app");
  });

  it.each<[string, string, (name: string) => Promise<unknown>]>([
    ["its repository is not there", "SourceNotFound", () => Promise.resolve()],
    ["it has no such folder", "SourceNotFound", (name) => git.commit(name, { Dockerfile: "FROM scratch\n" })],
    [
      "its Dockerfile is none",
      "InvalidDockerfile",
      (name) => git.commit(name, { "image/Dockerfile": "RUN true\n" }),
    ],
  ])("is stalled while %s", async (title, reason, prepare) => {
    const name = title.toLowerCase().replaceAll(" ", "-");
    await prepare(name);
    await harness.createImage(name, { source: sourceOf(name) });
    await harness.phase(name, "Stalled", { reason });
  });

  it("waits while the server is away", async () => {
    await git.commit("away", { "image/Dockerfile": "FROM scratch\n" });
    git.broken = { status: 503 };
    await harness.createImage("away", { source: sourceOf("away") });
    await harness.phase("away", "Resolving", { reason: "SourceUnavailable" });
    git.broken = undefined;
    await look("away");
    await harness.phase("away", "Building");
  });
});
