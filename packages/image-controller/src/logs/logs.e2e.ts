import { ownCluster } from "@datalayer/devcluster/testkit/cluster";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import type { Image } from "@datalayer/shared/crds/image";
import { Job, Pod, Secret } from "@datalayer/shared/kube/kinds";
import type { PodSpec } from "@datalayer/shared/kube/pod-parts";
import { beforeAll, describe, expect, it } from "vitest";
import { attemptJob } from "../../test/jobs.ts";
import { apiKey, startApi, type TestApi } from "../../test/test-api.ts";
import { parseBuild } from "../build/build.ts";
import { podOf } from "./attempt.ts";
import { keepLog } from "./keep-log.ts";
import { maskFor } from "./log-secrets.ts";

const image = "registry.localhost/datalayer/debian:bookworm";
const secret = "canary-secret-of-the-build";

let test: TestApi;
let origin: string;

beforeAll(async () => {
  test = await startApi(await ownCluster("real"));
  origin = await test.api.listen({ host: "127.0.0.1", port: 0 });
  const { namespace, admin } = test;
  await admin.create(Secret, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace, name: "tokens" },
    data: { hub: Buffer.from(secret).toString("base64") },
  });
});

/** Runs a script as an attempt to build an Image, after a container that fetches its source. */
async function build(
  name: string,
  script: string,
  limits: Pick<PodSpec, "activeDeadlineSeconds" | "terminationGracePeriodSeconds"> = {},
): Promise<{ owner: Image; job: Job }> {
  const secrets = [{ id: "hub", name: "tokens", key: "hub" }];
  const owner = await test.create(name, { build: { secrets } });
  const command = (text: string): string[] => ["/bin/sh", "-c", text];
  const job = await test.admin.create(
    Job,
    attemptJob(owner, `${name}-0123456789-1`, {
      automountServiceAccountToken: false,
      ...limits,
      initContainers: [{ name: "fetch", image, command: command("echo fetched") }],
      containers: [{ name: "build", image, command: command(script) }],
    }),
  );
  return { owner, job };
}

async function ended({ metadata }: Job): Promise<Job> {
  return eventually(
    async () => {
      const job = await test.admin.get(Job, metadata);
      const isOver = job.status?.conditions?.some(
        ({ type, status }) => ["Complete", "Failed"].includes(type) && status === "True",
      );
      return isOver === true && job;
    },
    { timeoutMs: 60_000, message: `the end of Job ${metadata.name}` },
  );
}

const urlOf = (job: Job, query = ""): string =>
  `${origin}/api/images/v1/images/${test.namespace}/${job.metadata.name.slice(0, -13)}/logs?attempt=${job.metadata.name}${query}`;
const headers = { "x-api-key": apiKey };

async function* textOf({ body }: Response): AsyncGenerator<string, void> {
  if (body) yield* body.pipeThrough(new TextDecoderStream());
}

/** What comes until a text has come. */
async function until(log: AsyncGenerator<string, void>, end: string): Promise<string> {
  let text = "";
  while (!text.includes(end)) {
    const { value, done } = await log.next();
    if (done) throw new Error(`the log ended after ${JSON.stringify(text)}`);
    text += value;
  }
  return text;
}

function remove({ metadata }: Job): Promise<void> {
  return test.admin.delete(Job, metadata, { uid: metadata.uid, propagationPolicy: "Background" });
}

describe("the log of a build on a real node", () => {
  it("is followed while it is written, from before its Pod is there to its end, without secrets", async () => {
    const { owner, job } = await build(
      "follow",
      "echo one; echo $PPID-" + secret + "; until [ -e /go ]; do sleep 0.1; done; echo end",
    );
    const answer = await fetch(urlOf(job, "&follow=1"), { headers });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    const log = textOf(answer);
    expect(await until(log, "[redacted]\n")).toMatch(/^fetched\none\n\d+-\[redacted\]\n$/);
    // The build is still running: what was read came while it did.
    const pod = await podOf({ image: owner, name: job.metadata.name }, test.admin);
    expect(pod?.status?.phase).toBe("Running");
    await log.return();
    await remove(job);
  });

  it("ends by itself when the build does, and stays when the Pod is gone", async () => {
    const { owner, job } = await build("keep", `echo building with ${secret}; echo broken; exit 3`);
    const followed = fetch(urlOf(job, "&follow=1"), { headers });
    const whole = "fetched\nbuilding with [redacted]\nbroken\n";
    expect(await (await followed).text()).toBe(whole);
    const names = { packageSourcesSecret: "package-sources", pushSecret: "reg-creds" };
    const mask = () => maskFor(owner, test.admin, names);
    expect(await keepLog(owner, await ended(job), { client: test.admin, mask })).toBe(whole);
    await remove(job);
    await eventually(
      async () => (await test.admin.list(Pod, { namespace: test.namespace })).items.length === 0,
      {
        timeoutMs: 60_000,
        message: "the Pod being gone",
      },
    );
    for (const query of ["", "&follow=1"]) {
      const answer = await fetch(urlOf(job, query), { headers });
      expect({ status: answer.status, text: await answer.text() }).toEqual({ status: 200, text: whole });
    }
  });

  it("is left of a build whose time is over", async () => {
    const limits = { activeDeadlineSeconds: 15, terminationGracePeriodSeconds: 1 };
    const { owner, job } = await build("late", "echo begun; sleep 1000", limits);
    const over = await ended(job);
    const pod = await podOf({ image: owner, name: job.metadata.name }, test.admin);
    expect(parseBuild(over, pod ? [pod] : [])?.state).toMatchObject({
      kind: "failed",
      reason: "TimedOut",
      startedAt: expect.any(String) as string,
    });
    const mask = () => maskFor(owner, test.admin, { packageSourcesSecret: "none", pushSecret: "none" });
    expect(await keepLog(owner, over, { client: test.admin, mask })).toBe("fetched\nbegun\n");
    await remove(job);
  });

  it("ends for whoever follows it when its Job is deleted", async () => {
    const { job } = await build("deleted", "echo begun; sleep 1000");
    const log = textOf(await fetch(urlOf(job, "&follow=1"), { headers }));
    expect(await until(log, "begun\n")).toBe("fetched\nbegun\n");
    await remove(job);
    expect(await log.next()).toMatchObject({ done: true });
  });
});
