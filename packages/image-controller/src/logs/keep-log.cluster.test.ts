import type { Image } from "@datalayer/shared/crds/image";
import { ConfigMap, Job } from "@datalayer/shared/kube/kinds";
import { beforeAll, describe, expect, it } from "vitest";
import { attemptJob } from "../../test/jobs.ts";
import { reportImage, startApi, type TestApi } from "../../test/test-api.ts";
import { recordName } from "../image/names.ts";
import { keepLog, keptLog } from "./keep-log.ts";
import { maskOf } from "./log-lines.ts";
import { recordOf } from "./record.ts";

let test: TestApi;
const endedAt = "2026-01-01T00:00:00Z";
const gone = "[the Pod was gone before its log was kept]\n";

beforeAll(async () => {
  test = await startApi();
});

function keep(image: Image, job: Job): Promise<string | undefined> {
  return keepLog(image, job, { client: test.admin, mask: () => Promise.resolve(maskOf([])) });
}

const start = (image: Image, name: string): Promise<Job> => test.admin.create(Job, attemptJob(image, name));
const read = (name: string): Promise<ConfigMap> =>
  test.admin.get(ConfigMap, { namespace: test.namespace, name: recordName(name) });

describe("the log of an attempt", () => {
  it("is kept once, however often that is asked for", async () => {
    const image = await test.create("once");
    const job = await start(image, "once-0123456789-1");
    expect(await keep(image, job)).toBe(gone);
    const first = await read(job.metadata.name);
    expect(await Promise.all([keep(image, job), keep(image, job)])).toEqual([gone, gone]);
    expect(await read(job.metadata.name)).toEqual(first);
  });

  it("is kept once also when two do so at the same time", async () => {
    const image = await test.create("twice");
    const job = await start(image, "twice-0123456789-1");
    expect(await Promise.all([keep(image, job), keep(image, job), keep(image, job)])).toEqual([
      gone,
      gone,
      gone,
    ]);
  });

  it("stays when its Job is gone, and is what the API answers with", async () => {
    const image = await test.create("stays");
    const name = "stays-0123456789-1";
    const job = await start(image, name);
    await test.admin.create(ConfigMap, recordOf({ image, name }, { job, log: "step 1\nstep 2\n", endedAt }));
    await test.admin.delete(Job, job.metadata, { uid: job.metadata.uid, propagationPolicy: "Background" });
    await test.seen(await reportImage(test.admin, image, { build: { job: name } }));
    for (const query of ["", `?attempt=${name}`, "?follow=1"]) {
      const answer = await test.ask("GET", `/images/${test.namespace}/stays/logs${query}`);
      expect(answer).toMatchObject({ status: 200, text: "step 1\nstep 2\n" });
    }
  });

  it("is not taken from an Image that had the name before", async () => {
    const image = await test.create("before");
    const name = "before-0123456789-1";
    const older = { ...image, metadata: { ...image.metadata, uid: "00000000-0000-0000-0000-000000000000" } };
    const job = await start(image, name);
    const record = recordOf({ image: older, name }, { job, log: "of another\n", endedAt });
    await test.admin.create(ConfigMap, {
      ...record,
      metadata: { ...record.metadata, ownerReferences: [] },
    });
    expect(await keptLog({ image, name }, test.admin)).toBeUndefined();
    await expect(keep(image, job)).rejects.toThrow(/409 AlreadyExists/);
  });

  it("is kept of an attempt that is about to be ended, with the reason", async () => {
    const mask = () => Promise.resolve(maskOf([]));
    const options = { client: test.admin, mask, endedBy: "Superseded" };
    const image = await test.create("early");
    const job = await start(image, "early-0123456789-1");
    const whole = `${gone}[the build was ended: Superseded]\n`;
    expect(await keepLog(image, job, options)).toBe(whole);
    expect(await keptLog({ image, name: job.metadata.name }, test.admin)).toBe(whole);
  });

  it("goes when the history of the spec has no place for it", async () => {
    const image = await test.create("history", { history: { failed: 2 } });
    for (const attempt of [1, 2, 3]) await keep(image, await start(image, `history-0123456789-${attempt}`));
    const kept = [1, 2, 3].map((attempt) =>
      keptLog({ image, name: `history-0123456789-${attempt}` }, test.admin),
    );
    expect(await Promise.all(kept)).toEqual([undefined, gone, gone]);
  });
});

describe("the API", () => {
  it("has no log of an Image that was never built", async () => {
    await test.create("never");
    const { status, body } = await test.ask("GET", `/images/${test.namespace}/never/logs`);
    expect({ status, detail: body["detail"] }).toEqual({
      status: 404,
      detail: "Image never has not been built yet.",
    });
  });

  it("has no log of an attempt that there was not", async () => {
    await test.create("other");
    const { status, body } = await test.ask(
      "GET",
      `/images/${test.namespace}/other/logs?follow=1&attempt=stays-0123456789-1`,
    );
    expect({ status, type: body["type"] }).toEqual({
      status: 404,
      type: expect.stringMatching(/#no-log$/) as string,
    });
  });
});
