import { createHmac } from "node:crypto";
import { Image } from "@datalayer/shared/crds/image";
import { Secret } from "@datalayer/shared/kube/kinds";
import { beforeAll, describe, expect, it } from "vitest";
import { startApi, type TestApi } from "../../test/test-api.ts";
import { wish } from "../image/names.ts";

const token = "token-of-the-webhook";
const push = '{"ref":"refs/heads/main"}';
const source = { git: { url: "https://git.example/team/app.git" } };
const watched = { source, triggers: { webhookSecretRef: { name: "webhook" } } };

let test: TestApi;

beforeAll(async () => {
  test = await startApi();
  const { namespace, admin } = test;
  for (const [name, data] of Object.entries({ webhook: { token: `${token}\n` }, empty: { token: "" } }))
    await admin.create(Secret, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { namespace, name },
      data: { token: Buffer.from(data.token).toString("base64") },
    });
});

function signed(body: string | Buffer, key = token): Record<string, string> {
  return { "x-hub-signature-256": `sha256=${createHmac("sha256", key).update(body).digest("hex")}` };
}

async function call(name: string, headers: Record<string, string>, payload: string | Buffer = push) {
  const url = `/api/images/v1/webhooks/git/${test.namespace}/${name}`;
  const answer = await test.api.inject({ method: "POST", url, headers, payload });
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
}

async function wishOn(name: string): Promise<string | undefined> {
  const { metadata } = await test.admin.get(Image, { namespace: test.namespace, name });
  return metadata.annotations?.[wish.lookAfter];
}

describe("the webhook", () => {
  it.each([
    ["GitHub, as JSON", push, { ...signed(push), "content-type": "application/json" }],
    [
      "GitHub, as a form",
      "payload=%7B%7D",
      { ...signed("payload=%7B%7D"), "content-type": "application/x-www-form-urlencoded" },
    ],
    ["GitLab", push, { "x-gitlab-token": token, "content-type": "application/json" }],
    ["who sends what is no JSON", Buffer.from([0, 255]), signed(Buffer.from([0, 255]))],
  ])("has the source looked at for %s, without an API key", async (sender, payload, headers) => {
    const name = sender.toLowerCase().replaceAll(/[^a-z]+/g, "-");
    await test.create(name, watched);
    const before = Date.now();
    expect((await call(name, headers, payload)).status).toBe(202);
    expect(Date.parse((await wishOn(name)) ?? "")).toBeGreaterThanOrEqual(before);
  });

  it("has it looked at again for each call, and for all that come at once", async () => {
    await test.create("many", watched);
    await call("many", signed(push));
    const first = await wishOn("many");
    const answers = await Promise.all([call("many", signed(push)), call("many", signed(push))]);
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    expect(Date.parse((await wishOn("many")) ?? "")).toBeGreaterThan(Date.parse(first ?? ""));
  });

  it("answers in the same way whatever is wrong, and writes nothing", async () => {
    await test.create("wrong", watched);
    await test.create("without");
    await test.create("no-secret", { source, triggers: { webhookSecretRef: { name: "nowhere" } } });
    await test.create("no-token", { source, triggers: { webhookSecretRef: { name: "empty" } } });
    const answers = [
      await call("wrong", signed(push, `${token}0`)),
      await call("wrong", {}),
      await call("wrong", { "x-api-key": "key-for-tests-0123456789" }),
      await call("wrong", signed("another body")),
      await call("without", signed(push)),
      await call("no-secret", signed(push)),
      await call("no-token", signed(push, "")),
      await call("nobody", signed(push)),
    ].map(({ status, body }) => ({ status, body: { ...body, request_id: "" } }));
    expect(answers[0]?.status).toBe(401);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(await wishOn("wrong")).toBeUndefined();
  });

  it("reads no body that is too large", async () => {
    await test.create("large", watched);
    const body = "x".repeat(1024 * 1024 + 1);
    expect((await call("large", signed(body), body)).status).toBe(413);
    expect(await wishOn("large")).toBeUndefined();
  });
});
