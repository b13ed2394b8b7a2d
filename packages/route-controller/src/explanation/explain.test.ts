import { type Route, routeCondition, routeReason, type RouteSpec } from "@datalayer/shared/crds/route";
import { describe, expect, it } from "vitest";
import { adviceFor } from "./advice.ts";
import { explain } from "./explain.ts";

type ConditionParts = [type: string, status: "True" | "False" | "Unknown", reason: string, message: string];

function storedRoute(spec: Partial<RouteSpec> = {}, status?: Route["status"]): Route {
  return {
    apiVersion: "datalayer.io/v1",
    kind: "Route",
    metadata: {
      namespace: "team-a",
      name: "shop",
      uid: "u",
      resourceVersion: "1",
      generation: 2,
      creationTimestamp: "2026-01-01T00:00:00Z",
    },
    spec: {
      hosts: ["shop.example.com"],
      auth: { none: {} },
      rules: [{ targets: [{ service: { name: "shop" }, port: 80 }] }],
      ...spec,
    },
    ...(status && { status }),
  };
}

function conditions(parts: readonly ConditionParts[], observedGeneration = 2) {
  const lastTransitionTime = "2026-01-01T00:00:00Z";
  return parts.map(([type, status, reason, message]) => ({
    type,
    status,
    reason,
    message,
    lastTransitionTime,
    observedGeneration,
  }));
}

describe("which requests go where", () => {
  it.each<[string, RouteSpec["rules"][number], string]>([
    [
      "everything to one Service",
      { targets: [{ service: { name: "shop" }, port: 80 }] },
      "Requests to shop.example.com go to Service shop, port 80.",
    ],
    [
      "a path, methods, headers and parameters",
      {
        matches: [
          {
            path: { type: "Prefix", value: "/api" },
            methods: ["GET", "HEAD"],
            headers: [{ name: "X-Tier", value: "gold" }],
            query: [{ name: "v", type: "Regex", value: "[12]" }],
          },
          { path: { type: "Exact", value: "/cart" } },
        ],
        targets: [{ pod: { name: "cart-0" }, port: 8080 }],
      },
      "Requests for /api and below by GET or HEAD with the header X-Tier = gold with the parameter v like [12] or /cart itself to shop.example.com go to Pod cart-0, port 8080.",
    ],
    [
      "shares",
      {
        targets: [
          { service: { name: "shop" }, port: 80, weight: 9 },
          { selector: { matchLabels: { app: "next" } }, port: 80 },
        ],
      },
      "Requests to shop.example.com go to Service shop, port 80 (90 %) and the Pods with app=next, port 80 (10 %).",
    ],
    [
      "a redirect",
      { redirect: { host: "b.example.com", statusCode: 301 } },
      "Requests to shop.example.com are answered with a redirect (301).",
    ],
    [
      "runtimes, and a copy",
      {
        targets: [{ runtime: { pool: "python" }, port: 8888 }],
        mirror: { service: { name: "shadow" }, port: 80, percent: 5 },
      },
      "Requests to shop.example.com go to the runtimes of pool python, port 8888, and 5 % of them also to Service shadow.",
    ],
  ])("says %s", (_what, rule, sentence) => {
    expect(explain(storedRoute({ rules: [rule] })).traffic).toEqual([sentence]);
  });
});

describe("who may come in", () => {
  const auths: [RouteSpec["auth"], string][] = [
    [{ none: {} }, "Everyone may come in."],
    [{ target: {} }, "Everyone may ask; the target itself refuses those without credentials."],
    [{ platform: {} }, "The sign-in of the platform decides about each request."],
    [
      { jwt: { issuer: "https://id.example", jwksUrl: "https://id.example/keys", audiences: ["a", "b"] } },
      "A token of https://id.example for a or b is needed; the verifier checks it.",
    ],
    [
      { forward: { service: { name: "gate", port: 80 } } },
      "Service gate, port 80, is asked about each request.",
    ],
    [{ basic: { secretName: "users" } }, "A user name and password of the Secret users are needed."],
    [
      { apiKey: { secretName: "keys" } },
      "A key of the Secret keys is needed in X-Api-Key; the verifier checks it.",
    ],
    [
      { clientCert: { caSecretName: "ca" } },
      "A client certificate by an authority of the Secret ca is needed.",
    ],
  ];

  it.each(auths)("says it of %j", (auth, sentence) => {
    expect(explain(storedRoute({ auth })).access).toBe(sentence);
  });

  it("adds from where", () => {
    const { access } = explain(storedRoute({ policy: { ipAllow: ["10.0.0.0/8", "192.0.2.1"] } }));
    expect(access).toBe("Everyone may come in. Only from 10.0.0.0/8 and 192.0.2.1.");
  });
});

describe("why a Route is not ready", () => {
  it("is not known before the controller has looked at it", () => {
    expect(explain(storedRoute()).readiness).toBe(
      "The controller has not looked at it in its present form yet.",
    );
  });

  it("is not taken from what was said of an older form of it", () => {
    const old = conditions([["Ready", "True", "Ready", "It serves."]], 1);
    expect(explain(storedRoute({}, { conditions: old })).readiness).toMatch(/has not looked/);
  });

  it("is the first condition that does not hold, whatever their order, with what can be done", () => {
    const route = storedRoute(
      {},
      {
        conditions: conditions([
          ["Ready", "False", "NotProgrammed", "not served"],
          [routeCondition.translated, "False", routeReason.unsupported, "cannot do it"],
          [routeCondition.hostClaimed, "False", routeReason.conflict, "shop.example.com/ is of team-b"],
          [routeCondition.accepted, "True", routeReason.accepted, "taken"],
        ]),
      },
    );
    const { readiness, advice } = explain(route);
    expect(readiness).toBe("It is not ready: shop.example.com/ is of team-b");
    expect(advice).toMatch(/choose another host or path/);
  });

  it.each<ConditionParts>([
    [routeCondition.programmed, "False", routeReason.routerError, "the middleware does not exist"],
    [routeCondition.programmed, "Unknown", routeReason.noDataPlane, "no replica is found"],
    ["Ready", "False", routeReason.authNotEnforced, "a stranger was let in"],
    ["Ready", "False", routeReason.targetFails, "the target answers 502"],
    ["Ready", "Unknown", routeReason.probeInconclusive, "no answer yet"],
  ])("is not that a Secret is not read, but %s=%s/%s", (...parts) => {
    const unread: ConditionParts = [
      routeCondition.certificateReady,
      "Unknown",
      routeReason.secretNotRead,
      "Secret used as it is",
    ];
    const route = storedRoute({}, { conditions: conditions([unread, parts]) });
    const [, , reason, message] = parts;
    const { readiness, advice } = explain(route);
    expect(readiness).toContain(message);
    expect(advice).toBe(adviceFor(reason));
  });

  it("is what Ready says where all else holds", () => {
    const route = storedRoute(
      {},
      {
        conditions: conditions([
          [routeCondition.programmed, "True", routeReason.programmed, "all serve it"],
          ["Ready", "False", routeReason.targetFails, "the target answers 502"],
        ]),
      },
    );
    expect(explain(route)).toMatchObject({
      readiness: "It is not ready: the target answers 502",
      advice: adviceFor(routeReason.targetFails),
    });
  });

  it("stays open while it is not known", () => {
    const route = storedRoute(
      {},
      {
        conditions: conditions([["Ready", "Unknown", routeReason.probeInconclusive, "no answer yet"]]),
      },
    );
    expect(explain(route)).toEqual(
      expect.objectContaining({ readiness: "It is not known whether it is ready: no answer yet" }),
    );
  });

  it("is nothing when it is ready", () => {
    const status = {
      url: "https://shop.example.com/",
      conditions: conditions([["Ready", "True", "Ready", "-"]]),
    };
    const explanation = explain(storedRoute({}, status));
    expect(explanation.readiness).toBe("It is ready, at https://shop.example.com/.");
    expect(explanation.advice).toBeUndefined();
  });
});

describe("what was made of a Route", () => {
  it("names objects, replicas and what was left out", () => {
    const status = {
      backends: [
        {
          class: "datalayer",
          objects: [
            { apiVersion: "traefik.io/v1alpha1", kind: "IngressRoute", name: "route-1" },
            { apiVersion: "traefik.io/v1alpha1", kind: "Middleware", name: "route-2" },
          ],
          replicas: { programmed: 1, total: 2 },
          unsupported: [{ field: "spec.policy.retry", reason: "the proxy has none" }],
        },
      ],
    };
    expect(explain(storedRoute({}, status)).emitted).toEqual([
      "The class datalayer made IngressRoute route-1 and Middleware route-2 of it. 1 of 2 replicas of the data plane serve it.",
      "It leaves out spec.policy.retry: the proxy has none.",
    ]);
  });

  it("says that it is nothing", () => {
    expect(explain(storedRoute()).emitted).toEqual(["Nothing was made of it."]);
  });
});

it("knows what to do about every reason that does not pass by itself", () => {
  const passing = [
    routeReason.accepted,
    routeReason.hostClaimed,
    routeReason.resolvedRefs,
    routeReason.translated,
    routeReason.certificateReady,
    routeReason.programmed,
    routeReason.degraded,
    routeReason.notProgrammed,
    routeReason.deleting,
    routeReason.probeInconclusive,
    routeReason.untried,
    routeReason.notNeeded,
    routeReason.secretNotRead,
  ];
  const without = Object.values(routeReason).filter((reason) => adviceFor(reason) === undefined);
  expect(without.toSorted()).toEqual(passing.toSorted());
});
