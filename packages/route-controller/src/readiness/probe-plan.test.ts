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

  it("leaves out what cannot be made up, or could change something", () => {
    const regex: Partial<ResolvedMatch> = { path: { type: "Regex", value: "/.*" } };
    const writes: Partial<ResolvedMatch> = { methods: ["POST"] };
    expect(planFor(regex, writes, { path: { type: "Exact", value: "/b" } })).toMatchObject({
      request: { path: "/b", method: "GET" },
    });
    expect(planFor(regex, writes)).toHaveProperty("impossible");
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
