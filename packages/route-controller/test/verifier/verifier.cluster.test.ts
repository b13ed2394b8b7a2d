import { createHash } from "node:crypto";
import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { podAddress } from "@datalayer/devcluster/testkit/pod-address";
import { Route, type RouteAuth } from "@datalayer/shared/crds/route";
import { Secret } from "@datalayer/shared/kube/kinds";
import type { JWTPayload } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { type Answer, ask } from "../client.ts";
import { startEcho } from "../echo.ts";
import { type Harness, startHarness } from "../harness.ts";
import { type AuthService, startAuthService } from "./auth-service.ts";
import { audience, type Issuer, sign, signingKey, type SigningKey, startIssuer } from "./issuer.ts";
import { startVerifier, type TestVerifier } from "./test-verifier.ts";
import { apiKeys, serveVerified } from "./verified-routes.ts";

let harness: Harness;
let traefikUrl: string;
let verifier: TestVerifier;
let issuer: Issuer;
let key: SigningKey;
let platform: AuthService;
let service: AuthService;
let routes: Record<"jwt" | "api-key" | "platform" | "forward" | "open", Route>;

beforeAll(async () => {
  harness = await startHarness();
  const [[traefik], echo] = await Promise.all([harness.startTraefiks(), startEcho("target")]);
  traefikUrl = traefik!.url;
  await harness.serve("target", [echo]);
  key = await signingKey("key-1");
  issuer = await startIssuer([key], await podAddress());
  platform = await startAuthService("127.0.0.1");
  service = await startAuthService(await podAddress());
  // So long that nothing here is decided anew only because it was forgotten.
  const settings = { DATALAYER_VERIFIER_DECISION_MAX_AGE: "5m" };
  verifier = await startVerifier(harness, "verifier", { settings });
  await harness.createClass({
    verifier: { url: verifier.url },
    platform: { url: platform.url, responseHeaders: ["X-User-Id"] },
  });
  await harness.startReplica("controller");
  await harness.admin.create(Secret, apiKeys(harness.namespace, { robot: "robot-key", other: "other-key" }));
  const serve = (name: string, auth: RouteAuth): Promise<Route> =>
    serveVerified(harness, { name, auth, traefikUrl });
  const { url, jwksUrl } = issuer;
  const claimHeaders = [{ claim: "email", header: "X-Email" }];
  const [jwt, apiKey, ofPlatform, forward, open] = await Promise.all([
    serve("jwt", { jwt: { issuer: url, jwksUrl, audiences: [audience], claimHeaders } }),
    serve("api-key", { apiKey: { secretName: "keys" } }),
    serve("platform", { platform: {} }),
    serve("forward", { forward: { url: service.url, responseHeaders: ["X-User-Id"] } }),
    serve("open", { none: {} }),
  ]);
  routes = { jwt, "api-key": apiKey, platform: ofPlatform, forward, open };
}, 180_000);

type Name = keyof typeof routes;
type Headers = Record<string, string | string[]>;

/** A request through Traefik. */
function through(name: Name, headers: Headers = {}, path = "/"): Promise<Answer> {
  return ask(`${traefikUrl}${path}`, { host: `${name}.test`, headers: headers as Record<string, string> });
}

async function bearer(claims: JWTPayload = {}, signer = key): Promise<{ authorization: string }> {
  return { authorization: `Bearer ${await sign(signer, issuer.url, { claims })}` };
}

/** What the verifier gets from a data plane that is asked for a host. */
function fromDataPlane(name: Name): Record<string, string> {
  return {
    "x-forwarded-method": "GET",
    "x-forwarded-proto": "http",
    "x-forwarded-host": `${name}.test`,
    "x-forwarded-uri": "/",
    "x-forwarded-for": "203.0.113.9",
  };
}

describe("a Route for tokens", () => {
  it("lets a good token in, and tells the target whose it is", async () => {
    const answer = await through("jwt", await bearer({ email: "a@example.com" }));
    expect(answer.status).toBe(200);
    expect(answer.json?.headers).toMatchObject({
      "x-auth-method": "jwt",
      "x-auth-subject": "user-1",
      "x-auth-issuer": issuer.url,
      "x-forwarded-user": "user-1",
      "x-email": "a@example.com",
    });
  });

  it.each<[string, () => Promise<Headers> | Headers]>([
    ["no token", () => ({})],
    ["another scheme", () => ({ authorization: "Basic dXNlcjpwYXNz" })],
    ["an empty token", () => ({ authorization: "Bearer " })],
    ["an expired token", () => bearer({ exp: Math.floor(Date.now() / 1_000) - 120 })],
    ["a token for later", () => bearer({ nbf: Math.floor(Date.now() / 1_000) + 120 })],
    ["a token of another issuer", () => bearer({ iss: "https://evil.example" })],
    ["a token for another audience", () => bearer({ aud: "someone" })],
    ["a token of another key", async () => bearer({}, await signingKey("key-1"))],
    ["a token whose key is a path", () => bearer({}, { ...key, kid: "../../../../dev/null" })],
    [
      "an unsigned token",
      async () => {
        const [, payload] = (await bearer()).authorization.split(".");
        const head = Buffer.from(JSON.stringify({ alg: "none", kid: "key-1" })).toString("base64url");
        return { authorization: `Bearer ${head}.${payload}.` };
      },
    ],
    [
      "a good token and a second one, which the target might read",
      async () => ({ authorization: [(await bearer()).authorization, "Bearer other"] }),
    ],
    ["the answer that it would get", () => ({ "x-auth-method": "jwt", "x-auth-subject": "root" })],
  ])("refuses %s", async (_what, headers) => {
    const answer = await through("jwt", await headers());
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toMatch(/^Bearer/);
    expect(answer.json?.echo).toBeUndefined();
  });

  it("lets no identity from outside reach the target, in whatever spelling", async () => {
    const spoofed = [
      "X-Auth-Subject",
      "X_Auth_Subject",
      "X.Auth.Subject",
      "x-auth-role",
      "X-Email",
      "X_Email",
    ];
    const more = [
      "X-Forwarded-User",
      "X_Forwarded_User",
      "X-Forwarded-Groups",
      "Remote-User",
      "X-Remote-User",
    ];
    const headers = Object.fromEntries([...spoofed, ...more].map((name) => [name, "root"]));
    const { status, json } = await through("jwt", { ...headers, ...(await bearer()) });
    expect(status).toBe(200);
    expect(Object.values(json?.headers ?? {})).not.toContain("root");
    expect(json?.headers["x-auth-subject"]).toBe("user-1");
  });

  it("answers a browser's question before the request like any request without token", async () => {
    const headers = { host: "jwt.test", origin: "https://a.example", "access-control-request-method": "PUT" };
    expect((await ask(traefikUrl, { method: "OPTIONS", host: "jwt.test", headers })).status).toBe(401);
  });

  it("knows a new key of the issuer soon after it signs with it", async () => {
    const next = await signingKey("key-2");
    issuer.keys.push(next.jwk);
    await eventually(async () => (await through("jwt", await bearer({}, next))).status === 200, {
      timeoutMs: 40_000,
      message: "a token of the new key being good",
    });
  });

  it("does not let tokens with unknown keys make it read the keys over and over", async () => {
    const before = issuer.reads;
    for (let attempt = 0; attempt < 30; attempt++)
      await through("jwt", await bearer({}, { ...key, kid: `k${attempt}` }));
    expect(issuer.reads - before).toBeLessThan(5);
  });
});

describe("a Route for API keys", () => {
  it("lets a key in under its client's name, and keeps the key from the target", async () => {
    const { status, json } = await through("api-key", { "x-api-key": "robot-key" });
    expect(status).toBe(200);
    expect(json?.headers).toMatchObject({ "x-auth-method": "apiKey", "x-auth-subject": "robot" });
    expect(JSON.stringify(json?.headers)).not.toContain("robot-key");
  });

  it.each<[string, Headers]>([
    ["no key", {}],
    ["another key", { "x-api-key": "robot-kez" }],
    ["the hash of a key", { "x-api-key": createHash("sha256").update("robot-key").digest("hex") }],
    ["two keys", { "x-api-key": ["robot-key", "other-key"] }],
    ["a key under another spelling", { x_api_key: "robot-key" }],
  ])("refuses %s", async (_what, headers) => {
    const answer = await through("api-key", headers);
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toBe('ApiKey header="X-Api-Key"');
  });

  it("follows the Secret: a new key is good and the old one is not", async () => {
    const ref = { namespace: harness.namespace, name: "keys" };
    const { data = {} } = apiKeys(harness.namespace, { robot: "new-robot-key" });
    await harness.admin.patch(Secret, ref, [{ op: "replace", path: "/data/robot", value: data["robot"] }]);
    await eventually(async () => (await through("api-key", { "x-api-key": "new-robot-key" })).status === 200);
    expect((await through("api-key", { "x-api-key": "robot-key" })).status).toBe(401);
    expect((await through("api-key", { "x-api-key": "other-key" })).status).toBe(200);
  });

  it("takes no keys from a Secret of another type", async () => {
    const name = "passwords";
    const other = {
      ...apiKeys(harness.namespace, { a: "some-key" }),
      type: "Opaque",
      metadata: { namespace: harness.namespace, name },
    };
    await harness.admin.create(Secret, other);
    const auth: RouteAuth = { apiKey: { secretName: name } };
    const route = await harness.createRoute("passwords", { auth, hosts: ["open.test"] });
    const headers = { ...fromDataPlane("open"), "x-api-key": "some-key" };
    await eventually(async () => (await verifier.ask(route.metadata.uid, headers)).status === 503);
  });
});

describe.each<[Name & ("platform" | "forward"), () => AuthService]>([
  ["platform", () => platform],
  ["forward", () => service],
])("a Route that asks a service (%s)", (name, asked) => {
  it("lets in whom it lets in, with its chosen headers and no others", async () => {
    const spoofed = { "x-user-id": "root", x_user_id: "root", "x-internal": "mine" };
    const { status, json } = await through(name, { authorization: "Bearer good", ...spoofed }, "/a?b=1");
    expect(status).toBe(200);
    expect(json?.headers).toMatchObject({
      "x-auth-method": name,
      "x-user-id": "user-7",
      "x-internal": "mine",
    });
    expect(json?.headers["x_user_id"]).toBeUndefined();
    expect(asked().questions.at(-1)).toMatchObject({
      "x-forwarded-host": `${name}.test`,
      "x-forwarded-uri": "/a?b=1",
      "x-forwarded-method": "GET",
    });
    expect(asked().questions.at(-1)).not.toHaveProperty("x-user-id");
  });

  it("refuses whom it refuses, with its challenge", async () => {
    const answer = await through(name, { authorization: "Bearer bad" });
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toBe('Bearer realm="iam"');
    expect((await through(name)).status).toBe(401);
    expect((await through(name, { authorization: "Bearer banned" })).status).toBe(403);
  });

  it("asks once for equal requests that come in a row", async () => {
    const before = asked().questions.length;
    const get = () => through(name, { authorization: "Bearer good" }, "/page");
    expect((await Promise.all([get(), get(), get(), get()])).map(({ status }) => status)).toEqual([
      200, 200, 200, 200,
    ]);
    expect(asked().questions.length - before).toBe(1);
  });

  it("lets nobody in while the service is down", async () => {
    await asked().stop();
    const answer = await through(name, { authorization: "Bearer good" }, "/after");
    expect(answer.status).toBe(503);
    expect(answer.json?.echo).toBeUndefined();
  });
});

describe("the verifier", () => {
  it("refuses questions on Routes that do not exist, or that it does not decide on", async () => {
    const unknown = "00000000-0000-4000-8000-000000000000";
    const token = await bearer();
    expect(await verifier.ask(unknown, { ...fromDataPlane("jwt"), ...token })).toMatchObject({ status: 403 });
    const { uid } = routes.open.metadata;
    expect(await verifier.ask(uid, fromDataPlane("open"))).toMatchObject({ status: 403 });
    for (const path of ["..%2f..", "x".repeat(300), "%00"])
      expect((await verifier.ask(path, token)).status).toBeGreaterThan(399);
  });

  it("refuses questions that no data plane of ours asks", async () => {
    const { uid } = routes.jwt.metadata;
    const good = { ...fromDataPlane("jwt"), ...(await bearer()) };
    expect(await verifier.ask(uid, good)).toMatchObject({ status: 200 });
    expect(await verifier.ask(uid, { ...good, "x-forwarded-host": "open.test" })).toMatchObject({
      status: 403,
    });
    expect(await verifier.ask(uid, { ...good, "x-forwarded-uri": "no path" })).toMatchObject({ status: 403 });
    expect(await verifier.ask(uid, await bearer())).toMatchObject({ status: 403 });
  });

  it("decides anew when the Route changes", async () => {
    const ref = routes.jwt.metadata;
    const token = await bearer();
    expect((await through("jwt", token)).status).toBe(200);
    const path = "/spec/auth/jwt/audiences/0";
    await harness.admin.patch(Route, ref, [{ op: "replace", path, value: "another" }]);
    await eventually(async () => (await through("jwt", token)).status === 401);
    await harness.admin.patch(Route, ref, [{ op: "replace", path, value: audience }]);
    await eventually(async () => (await through("jwt", token)).status === 200);
  });

  it("counts by Route, and forgets a Route that is gone", async () => {
    const made = await harness.createRoute("short", { auth: { apiKey: { secretName: "keys" } } });
    const { uid, namespace } = made.metadata;
    const label = `route="${namespace}/short",auth="apiKey",result="no-credentials"`;
    const headers = { ...fromDataPlane("open"), "x-forwarded-host": "short.test" };
    const text = () => verifier.metrics.registry.metrics();
    await eventually(async () => (await verifier.ask(uid, headers)).status === 401);
    expect(await text()).toContain(`datalayer_verifier_decisions_total{${label}} 1`);
    await harness.admin.delete(Route, made.metadata, { uid });
    await eventually(async () => !(await text()).includes(label));
    expect((await verifier.ask(uid, headers)).status).toBe(403);
    expect(await text()).toContain('route="unknown"');
  });

  it("goes on while the API server is away", async () => {
    verifier.link.partition("reset");
    try {
      expect((await through("jwt", await bearer())).status).toBe(200);
      expect((await through("jwt")).status).toBe(401);
      expect((await verifier.replica.health.readiness()).every(({ problem }) => !problem)).toBe(true);
    } finally {
      verifier.link.heal();
    }
  });

  it("lets nobody in before it knows the Routes", async () => {
    const cut = await startVerifier(harness, "cut", { cut: true });
    const headers = { ...fromDataPlane("jwt"), ...(await bearer()) };
    expect(await cut.ask(routes.jwt.metadata.uid, headers)).toMatchObject({ status: 503 });
    expect((await cut.replica.health.readiness()).some(({ problem }) => problem)).toBe(true);
    await cut.stop();
  });

  it("lets nobody in while the keys of the issuer cannot be had", async () => {
    const fresh = await startVerifier(harness, "fresh");
    issuer.status = 500;
    const headers = { ...fromDataPlane("jwt"), ...(await bearer()) };
    expect(await fresh.ask(routes.jwt.metadata.uid, headers)).toMatchObject({ status: 503 });
    issuer.status = 200;
    await eventually(async () => (await fresh.ask(routes.jwt.metadata.uid, headers)).status === 200);
  });

  it("does not ask an issuer or a service at an address of its own machine", async () => {
    const { port } = new URL(platform.url);
    const url = `http://127.0.0.1:${port}/`;
    const made = await harness.createRoute("inside", { auth: { forward: { url } }, hosts: ["open.test"] });
    const headers = { ...fromDataPlane("open"), authorization: "Bearer good" };
    await eventually(async () => (await verifier.ask(made.metadata.uid, headers)).status === 503);
  });

  it("lets nobody in while no verifier runs", async () => {
    await verifier.stop();
    const answer = await through("jwt", await bearer());
    expect(answer.status).toBeGreaterThanOrEqual(500);
    expect(answer.json?.echo).toBeUndefined();
  });
});
