import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import type { Image } from "@datalayer/shared/crds/image";
import type { App } from "@datalayer/shared/http/app";
import { deleteIfThere } from "@datalayer/shared/kube/delete-if-there";
import { Lease, Secret } from "@datalayer/shared/kube/kinds";
import { silentLogger } from "@datalayer/shared/log/logger";
import { beforeAll, expect, it } from "vitest";
import { GitServer } from "../../test/git-server.ts";
import { type Harness, startHarness } from "../../test/harness.ts";
import { end } from "../../test/kubelet.ts";
import type { TestReplica } from "../../test/test-replica.ts";
import { settings } from "../config.ts";
import { createApi } from "../http/api.ts";

const token = "token-of-the-webhook";

let harness: Harness;
let git: GitServer;

beforeAll(async () => {
  [harness, git] = await Promise.all([startHarness(), GitServer.start()]);
  await secret("git", "kubernetes.io/basic-auth", { ...git.login, "ca.crt": git.ca });
  await secret("webhook", "Opaque", { token });
});

async function secret(name: string, type: string, stringData: Record<string, string>): Promise<void> {
  const metadata = { namespace: harness.namespace, name };
  await harness.admin.create(Secret, { apiVersion: "v1", kind: "Secret", type, metadata, stringData });
}

/** The API of a process, which is cut off from the cluster along with it. */
async function apiOf({ replica, metrics }: TestReplica): Promise<App> {
  const api = await createApi({
    ...{ client: replica.client, images: replica.caches.images, health: replica.health },
    ...{ settings: settings.parse({}), version: "0.0.0-test", log: silentLogger },
    registry: metrics.registry,
  });
  afterFile(() => api.close());
  return api;
}

/** For good: the next one need not wait until its lease has run out. */
async function kill(replica: TestReplica): Promise<void> {
  await replica.kill();
  const { namespace, admin } = harness;
  const { metadata } = await admin.get(Lease, { namespace, name: "image-controller" });
  await deleteIfThere(admin, Lease, metadata);
}

/** Waits until an Image is built, and published; answers with it. */
async function built(name: string): Promise<Image> {
  const job = await harness.job(name);
  await end(harness.admin, job, { message: await harness.push(job) });
  return harness.phase(name, "Ready");
}

it("is not forgotten when the process ends that has answered it, before anybody has looked", async () => {
  const first = await harness.startReplica("first");
  const api = await apiOf(first);
  await git.commit("app", { Dockerfile: "FROM scratch\n" });
  await harness.createImage("app", {
    source: { git: { url: `${git.url}/app`, secretRef: { name: "git" } } },
    triggers: { git: { interval: "0s" }, webhookSecretRef: { name: "webhook" } },
  });
  await built("app");

  const second = await git.commit("app", { Dockerfile: "FROM scratch\nUSER 1\n" });
  git.broken = { status: 503 };
  const url = `/api/images/v1/webhooks/git/${harness.namespace}/app`;
  const call = { method: "POST", url, headers: { "x-gitlab-token": token }, payload: "{}" } as const;
  expect((await api.inject(call)).statusCode).toBe(202);
  await kill(first);
  git.broken = undefined;

  await harness.startReplica("second");
  const { status } = await harness.phase("app", "Building");
  expect(status).toMatchObject({ source: { revision: second }, build: { trigger: "Source" } });
  await built("app");
});
