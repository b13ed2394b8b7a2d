import { beforeAll, describe, expect, it } from "vitest";
import type { ResolvedMatch } from "../../src/backends/backend.ts";
import { startEcho } from "../echo.ts";
import { resolvedMatch, resolvedRule, resolvedTarget } from "../resolved-route.ts";
import { ruleFor, type Stage, startStage } from "./stage.ts";

let stage: Stage;

beforeAll(async () => {
  stage = await startStage();
  const services = ["target", "other", "third"];
  await Promise.all(services.map(async (name) => stage.cluster.serve(name, [await startEcho(name)])));
});

/** A rule of one match, to a Service. */
function rule(service: string, match: Partial<ResolvedMatch>) {
  return resolvedRule({
    name: service,
    matches: [resolvedMatch(match)],
    targets: [resolvedTarget({ service: { name: service, port: 80 } })],
  });
}

describe("a prefix", () => {
  beforeAll(() => stage.serve("prefix", { rules: [ruleFor("/rt1"), ruleFor("/rt2/", {}, "other")] }));

  it.each(["/rt1", "/rt1/", "/rt1/a/b?c=d", "/rt1?c=d", "/rt1/rt10"])("takes %s", async (path) => {
    expect((await stage.ask("prefix", path)).json).toMatchObject({ echo: "target", url: path });
  });

  it.each(["/rt10", "/rt10/a", "/rt1.", "/rt1-a", "/rt1%20", "/RT1", "/a/rt1", "/", "/rt1;a=b"])(
    "does not take %s",
    async (path) => {
      expect((await stage.ask("prefix", path)).status).toBe(404);
    },
  );

  it("is the same with a slash at its end", async () => {
    expect((await stage.ask("prefix", "/rt2")).json?.echo).toBe("other");
    expect((await stage.ask("prefix", "/rt20")).status).toBe(404);
  });
});

describe("given a host with several rules", () => {
  beforeAll(() =>
    stage.serve("rules", {
      rules: [
        rule("target", { priority: 1 }),
        rule("other", { path: { type: "Exact", value: "/exact" }, priority: 9 }),
        rule("third", { path: { type: "Regex", value: "/v[0-9]+" }, priority: 8 }),
      ],
    }),
  );

  it.each([
    ["/", "target"],
    ["/exact", "other"],
    ["/exact/", "target"],
    ["/exactly", "target"],
    ["/v12", "third"],
    ["/v12/a", "target"],
    ["/a/v12", "target"],
  ])("%s reaches %s", async (path, echo) => {
    expect((await stage.ask("rules", path)).json?.echo).toBe(echo);
  });
});

describe("given rules with more than a path", () => {
  beforeAll(() =>
    stage.serve("conditions", {
      rules: [
        rule("target", { methods: ["GET", "POST"], priority: 1 }),
        rule("other", {
          headers: [
            { name: "x-version", type: "Exact", value: "2" },
            { name: "X-Stage", type: "Regex", value: "beta|gamma" },
          ],
          priority: 3,
        }),
        rule("third", { query: [{ name: "lang", type: "Exact", value: "de" }], priority: 2 }),
      ],
    }),
  );

  it("only the methods that are named come through", async () => {
    expect((await stage.ask("conditions", "/", { method: "POST" })).json?.echo).toBe("target");
    expect((await stage.ask("conditions", "/", { method: "PUT" })).status).toBe(404);
  });

  it("every header has to fit, and expressions the whole value", async () => {
    const echoOf = async (headers: Record<string, string>) =>
      (await stage.ask("conditions", "/", { headers })).json?.echo;
    expect(await echoOf({ "X-Version": "2", "X-Stage": "gamma" })).toBe("other");
    expect(await echoOf({ "X-Version": "2" })).toBe("target");
    expect(await echoOf({ "X-Version": "2", "X-Stage": "gammas" })).toBe("target");
    expect(await echoOf({ "X-Version": "22", "X-Stage": "beta" })).toBe("target");
  });

  it("a parameter has to fit", async () => {
    expect((await stage.ask("conditions", "/?lang=de")).json?.echo).toBe("third");
    expect((await stage.ask("conditions", "/?lang=deu")).json?.echo).toBe("target");
  });
});

describe("given hosts with a wildcard", () => {
  beforeAll(async () => {
    await stage.serve("wild", {
      hosts: ["*.apps.test"],
      rules: [ruleFor("/longer/than/the/other", {}, "other"), ruleFor("/")],
    });
    await stage.serve("exact", { hosts: ["own.apps.test"], rules: [ruleFor("/", {}, "third")] });
  });

  it("one label stands for the wildcard, no more and no less", async () => {
    expect((await stage.ask("one.apps", "/")).json?.echo).toBe("target");
    expect((await stage.ask("one.two.apps", "/")).status).toBe(404);
    expect((await stage.ask("apps", "/")).status).toBe(404);
  });

  it("the Route of the exact host has all of it, whatever the length of the path", async () => {
    expect((await stage.ask("own.apps", "/longer/than/the/other")).json?.echo).toBe("third");
    expect((await stage.ask("one.apps", "/longer/than/the/other")).json?.echo).toBe("other");
  });

  it("no header picks the host in place of Host", async () => {
    const headers = { "X-Forwarded-Host": "own.apps.test", Forwarded: "host=own.apps.test" };
    expect((await stage.ask("one.apps", "/", { headers })).json?.echo).toBe("target");
  });
});
