import type { IngressRoute } from "@datalayer/shared/crds/traefik";
import type { Manifest } from "@datalayer/shared/kube/object";
import { describe, expect, it } from "vitest";
import { expectedRouters } from "./expected-routers.ts";
import { programmedIn } from "./programmed.ts";
import { parseRouter, type Routers } from "./routers.ts";

const ingressRoute: Manifest<IngressRoute> = {
  apiVersion: "traefik.io/v1alpha1",
  kind: "IngressRoute",
  metadata: { namespace: "team-a", name: "route-1" },
  spec: {
    entryPoints: ["web"],
    routes: [
      { kind: "Rule", match: "Host(`a.test`)", priority: 7, middlewares: [{ name: "m1" }], services: [] },
    ],
  },
};
const [expected] = expectedRouters("team-a", [ingressRoute]);

const shown = {
  name: "team-a_route-1_0@kubernetescrd",
  status: "enabled",
  rule: "Host(`a.test`)",
  priority: 7,
  entryPoints: ["web"],
  middlewares: ["team-a_m1@kubernetescrd"],
};

function routersOf(...items: object[]): Routers {
  return new Map(items.flatMap((item) => parseRouter(item) ?? []).map((router) => [router.name, router]));
}

describe("the routers that Traefik makes of an IngressRoute", () => {
  it("have the names of both ways in which Traefik names them", () => {
    // The second ends in the SHA-256 of the rule, as far as Traefik writes it.
    expect(expected?.names).toEqual(["team-a_route-1_0", "team-a-route-1-adb61728c085b5eef2e5"]);
  });

  it("are none for objects of other kinds", () => {
    expect(expectedRouters("team-a", [{ ...ingressRoute, kind: "Middleware" }])).toEqual([]);
  });
});

describe("a replica serves the configuration", () => {
  const judge = (...items: object[]) => programmedIn(expected ? [expected] : [], routersOf(...items));

  it("when the router is enabled and as it should be", () => {
    expect(judge(shown)).toMatchObject({ status: "True", reason: "Programmed" });
  });

  it.each([
    ["a rule of before", { rule: "Host(`b.test`)" }],
    ["another priority", { priority: 8 }],
    ["other entry points", { entryPoints: ["web", "websecure"] }],
    ["a middleware of before", { middlewares: ["team-a_m0@kubernetescrd"] }],
    ["a middleware less", { middlewares: undefined }],
    ["TLS", { tls: { options: "default" } }],
  ])("not with %s", (_, change) => {
    expect(judge({ ...shown, ...change })).toMatchObject({ status: "False", reason: "NotProgrammed" });
  });

  it("not without the router, or with one of another provider", () => {
    expect(judge()).toMatchObject({ status: "False", reason: "NotProgrammed" });
    expect(judge({ ...shown, name: "team-a_route-1_0@file" })).toMatchObject({ status: "False" });
  });

  it.each(["disabled", "warning"])("not while Traefik calls the router %s, and it says why", (status) => {
    expect(judge({ ...shown, status, error: ["middleware m1 does not exist"] })).toMatchObject({
      status: "False",
      reason: "RouterError",
      message: "middleware m1 does not exist",
    });
  });
});
