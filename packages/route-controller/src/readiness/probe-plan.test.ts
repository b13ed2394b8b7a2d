import { describe, expect, it } from "vitest";
import { resolvedMatch, resolvedRoute, resolvedRule } from "../../test/resolved-route.ts";
import type { ResolvedMatch } from "../backends/backend.ts";
import { planProbe } from "./probe-plan.ts";

function planFor(...matches: Partial<ResolvedMatch>[]) {
  return planProbe(resolvedRoute({ rules: [resolvedRule({ matches: matches.map(resolvedMatch) })] }));
}

describe("the request that tries a Route", () => {
  it("asks for what the first match is for", () => {
    const match: Partial<ResolvedMatch> = {
      path: { type: "Prefix", value: "/a" },
      methods: ["POST", "HEAD"],
      headers: [{ name: "X-Team", type: "Exact", value: "a" }],
      query: [{ name: "v", type: "Exact", value: "1 2" }],
    };
    expect(planFor(match)).toEqual({
      refusedBy: "nobody",
      request: {
        scheme: "http",
        host: "shop.example.com",
        method: "HEAD",
        path: "/a?v=1+2",
        headers: { "x-team": "a" },
      },
    });
  });

  it("leaves out what could change something", () => {
    const writes: Partial<ResolvedMatch> = { methods: ["POST"] };
    expect(planFor(writes, { path: { type: "Exact", value: "/b" } })).toMatchObject({
      request: { path: "/b", method: "GET" },
    });
    expect(planFor(writes)).toHaveProperty("impossible");
  });

  it("asks for a text that an expression finds, where there is one", () => {
    const match: Partial<ResolvedMatch> = {
      path: { type: "Regex", value: "/[a-z]*/items/[0-9]+" },
      headers: [{ name: "X-Version", type: "Regex", value: "v[12]" }],
      query: [{ name: "page", type: "Regex", value: "[0-9]+" }],
    };
    expect(planFor(match)).toMatchObject({
      request: { path: "/a/items/0?page=0", headers: { "x-version": "v1" } },
    });
    const never: Partial<ResolvedMatch> = { path: { type: "Regex", value: "/a$b" } };
    expect(planFor(never, { path: { type: "Exact", value: "/b" } })).toMatchObject({
      request: { path: "/b" },
    });
    expect(planFor(never)).toHaveProperty("impossible");
  });

  const forward = (field: "forward" | "jwt" | "apiKey" | "platform") => {
    return { kind: "forward", field, url: "http://v", requestHeaders: [], responseHeaders: [] } as const;
  };

  it("has none of the methods where the connection is to be refused before there is a request", () => {
    const rules = [resolvedRule({ matches: [resolvedMatch({ methods: ["DELETE"] })] })];
    const auth = { kind: "clientCert", caSecretName: "s" } as const;
    expect(planProbe(resolvedRoute({ rules, auth }))).toMatchObject({ request: { method: "GET" } });
  });

  it.each([
    { kind: "none" } as const,
    { kind: "target" } as const,
    { kind: "basic", secretName: "s" } as const,
    ...(["forward", "jwt", "apiKey", "platform"] as const).map(forward),
  ])("is none where it would change something, should nobody refuse it: %j", (auth) => {
    const rules = [resolvedRule({ matches: [resolvedMatch({ methods: ["DELETE"] })] })];
    expect(planProbe(resolvedRoute({ rules, auth }))).toHaveProperty("impossible");
  });

  it("goes over HTTPS where the Route has it, and takes some label for a wildcard", () => {
    const route = resolvedRoute({
      hosts: ["*.example.com"],
      tls: { secretName: "s", httpPolicy: "Redirect" },
    });
    expect(planProbe(route)).toMatchObject({
      request: { scheme: "https", host: "datalayer-probe.example.com", path: "/" },
    });
  });

  it("asks for what the target says that it refuses", () => {
    const auth = { kind: "target", path: "/a/api/kernels" } as const;
    expect(planProbe(resolvedRoute({ auth }))).toMatchObject({ request: { path: "/a/api/kernels" } });
  });

  it.each([
    [{ kind: "target" }, "target"],
    [{ kind: "basic", secretName: "s" }, "data plane"],
    [
      { kind: "forward", field: "jwt", url: "http://v", requestHeaders: [], responseHeaders: [] },
      "data plane",
    ],
    [{ kind: "clientCert", caSecretName: "s" }, "handshake"],
  ] as const)("with auth %o is to be refused by the %s", (auth, refusedBy) => {
    expect(planProbe(resolvedRoute({ auth }))).toMatchObject({ refusedBy });
  });
});
