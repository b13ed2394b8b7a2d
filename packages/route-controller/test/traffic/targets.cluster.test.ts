import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { beforeAll, describe, expect, it } from "vitest";
import { type Answer } from "../client.ts";
import { type Echo, startEcho } from "../echo.ts";
import { resolvedMatch, resolvedRule, resolvedTarget } from "../resolved-route.ts";
import { ruleFor, type Stage, startStage } from "./stage.ts";

let stage: Stage;
let blue: Echo;
let green: Echo;
let copy: Echo;

beforeAll(async () => {
  stage = await startStage();
  [blue, green, copy] = await Promise.all([startEcho("blue"), startEcho("green"), startEcho("copy")]);
  await stage.cluster.serve("blue", [blue]);
  await stage.cluster.serve("green", [green]);
  await stage.cluster.serve("copy", [copy]);
  await stage.cluster.serve("both", [blue, green]);
  await stage.cluster.serve("none", []);
});

function to(name: string, weight = 1) {
  return resolvedTarget({ service: { name, port: 80 }, weight });
}

async function echoesOf(name: string, count: number): Promise<(string | undefined)[]> {
  const answers: (string | undefined)[] = [];
  for (let request = 0; request < count; request++) answers.push((await stage.ask(name, "/")).json?.echo);
  return answers;
}

/** The cookies that an answer sets, as a client sends them back. */
function cookiesOf({ headers }: Answer): string {
  return [headers["set-cookie"] ?? []]
    .flat()
    .map((cookie) => cookie.split(";")[0])
    .join("; ");
}

describe("weights", () => {
  it("share the requests in their proportion", async () => {
    await stage.serve("weighted", { rules: [resolvedRule({ targets: [to("blue", 3), to("green", 1)] })] });
    const echoes = await echoesOf("weighted", 40);
    expect(echoes.filter((name) => name === "blue")).toHaveLength(30);
    expect(echoes.filter((name) => name === "green")).toHaveLength(10);
  });

  it("of 0 give nothing, even when the Service is missing", async () => {
    await stage.serve("off", { rules: [resolvedRule({ targets: [to("blue", 1), to("missing", 0)] })] });
    expect(new Set(await echoesOf("off", 10))).toEqual(new Set(["blue"]));
  });

  it("give their share also to a Service without endpoints, which answers 503", async () => {
    await stage.serve("half-empty", { rules: [resolvedRule({ targets: [to("blue"), to("none")] })] });
    const answers: number[] = [];
    for (let request = 0; request < 10; request++) answers.push((await stage.ask("half-empty", "/")).status);
    expect(answers.filter((status) => status === 200)).toHaveLength(5);
    expect(answers.filter((status) => status === 503)).toHaveLength(5);
  });
});

it("a target without endpoints answers 503, and no other Route takes its place", async () => {
  await stage.serve("empty", { rules: [ruleFor("/a", {}, "none"), ruleFor("/", {}, "blue")] });
  expect((await stage.ask("empty", "/a")).status).toBe(503);
  expect((await stage.ask("empty", "/")).json?.echo).toBe("blue");
});

describe("a mirror", () => {
  it("gets a copy of each request, and its answer is dropped", async () => {
    const mirror = { service: { name: "copy", port: 80 }, percent: 100 };
    await stage.serve("mirrored", { rules: [resolvedRule({ targets: [to("blue")], mirror })] });
    const before = copy.requests;
    for (let request = 1; request <= 5; request++)
      expect((await stage.ask("mirrored", "/", { method: "POST", body: "hello" })).json?.echo).toBe("blue");
    await eventually(() => copy.requests === before + 5, { message: "five copies" });
  });

  it("gets its share, beside weighted targets", async () => {
    const mirror = { service: { name: "copy", port: 80 }, percent: 50 };
    await stage.serve("half", { rules: [resolvedRule({ targets: [to("blue"), to("green")], mirror })] });
    const before = copy.requests;
    expect(new Set(await echoesOf("half", 10))).toEqual(new Set(["blue", "green"]));
    await eventually(() => copy.requests === before + 5, { message: "five copies" });
  });

  it("does without bodies that are too large to be held", async () => {
    const before = copy.requests;
    const body = "a".repeat(2 * 2 ** 20);
    expect((await stage.ask("mirrored", "/", { method: "POST", body })).json?.body).toHaveLength(body.length);
    await stage.ask("mirrored", "/");
    await eventually(() => copy.requests > before, { message: "the next copy" });
    expect(copy.requests).toBe(before + 1);
  });
});

describe("a sticky policy", () => {
  it("keeps a client on one Pod of the Service", async () => {
    const policy = { sticky: { cookieName: "lab", sameSite: "Strict" as const, maxAgeSeconds: 60 } };
    await stage.serve("sticky", { policy, rules: [resolvedRule({ targets: [to("both")] })] });
    const first = await stage.ask("sticky", "/");
    expect(first.headers["set-cookie"]).toEqual([
      expect.stringMatching(/^lab=[0-9a-f]+; Path=\/; Max-Age=60; HttpOnly; SameSite=Strict$/),
    ]);
    const headers = { cookie: cookiesOf(first) };
    for (let request = 0; request < 6; request++)
      expect((await stage.ask("sticky", "/", { headers })).json?.echo).toBe(first.json?.echo);
    expect(new Set(await echoesOf("sticky", 4)).size).toBe(2);
  });

  it("keeps a client on one of several targets, and on one Pod of it", async () => {
    const targets = [to("both"), to("copy")];
    await stage.serve("sticky-weights", { policy: { sticky: {} }, rules: [resolvedRule({ targets })] });
    const first = await stage.ask("sticky-weights", "/");
    const headers = { cookie: cookiesOf(first) };
    for (let request = 0; request < 6; request++)
      expect((await stage.ask("sticky-weights", "/", { headers })).json?.echo).toBe(first.json?.echo);
  });
});

describe("retries", () => {
  it("reach another Pod when one is gone, and no request fails", async () => {
    const gone = await startEcho("gone");
    await stage.cluster.serve("half-gone", [gone, blue]);
    const targets = [to("half-gone")];
    await stage.serve("retried", {
      policy: { retry: { attempts: 2, initialInterval: "1ms" } },
      rules: [resolvedRule({ targets })],
    });
    await stage.serve("not-retried", { rules: [resolvedRule({ targets })] });
    await gone.stop();
    const statuses = async (name: string): Promise<number[]> => {
      const all: number[] = [];
      for (let request = 0; request < 6; request++) all.push((await stage.ask(name, "/")).status);
      return all;
    };
    expect(await statuses("retried")).toEqual([200, 200, 200, 200, 200, 200]);
    expect(await statuses("not-retried")).toContain(502);
  });

  it("do not send a request again that has reached a target", async () => {
    await stage.serve("answered", {
      policy: { retry: { attempts: 2 } },
      rules: [resolvedRule({ targets: [to("blue")] })],
    });
    const before = blue.requests;
    expect((await stage.ask("answered", "/status/500", { method: "POST" })).status).toBe(500);
    expect(blue.requests).toBe(before + 1);
  });
});

it("a circuit breaker keeps requests from targets that fail, and lets them through again", async () => {
  await stage.serve("breaker", {
    policy: { circuitBreaker: { errorPercent: 50, openFor: "1s" } },
    rules: [resolvedRule({ targets: [to("green")] })],
  });
  await eventually(async () => (await stage.ask("breaker", "/status/500")).status === 503, {
    message: "the breaker being open",
  });
  const before = green.requests;
  expect((await stage.ask("breaker", "/")).status).toBe(503);
  expect(green.requests).toBe(before);
  await eventually(async () => (await stage.ask("breaker", "/")).status === 200, {
    message: "the breaker being closed",
  });
});

it("a target that says nothing for too long is given up, by this Route alone", async () => {
  const rule = resolvedRule({ matches: [resolvedMatch()], targets: [to("green")] });
  await stage.serve("impatient", { policy: { timeouts: { backend: "200ms" } }, rules: [rule] });
  expect((await stage.ask("impatient", "/silence")).status).toBe(504);
  expect((await stage.ask("impatient", "/")).status).toBe(200);
});
