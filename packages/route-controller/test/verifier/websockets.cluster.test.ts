import { podAddress } from "@datalayer/devcluster/testkit/pod-address";
import type { RouteAuth } from "@datalayer/shared/crds/route";
import { Secret } from "@datalayer/shared/kube/kinds";
import { beforeAll, describe, expect, it } from "vitest";
import { openWebSocket } from "../client.ts";
import { type Echo, startEcho } from "../echo.ts";
import { type Harness, startHarness } from "../harness.ts";
import { type AuthService, startAuthService } from "./auth-service.ts";
import { audience, type Issuer, sign, signingKey, type SigningKey, startIssuer } from "./issuer.ts";
import { startVerifier } from "./test-verifier.ts";
import { apiKeys, serveVerified } from "./verified-routes.ts";

let harness: Harness;
let traefikUrl: string;
let echo: Echo;
let key: SigningKey;
let issuer: Issuer;
let platform: AuthService;
let service: AuthService;

beforeAll(async () => {
  harness = await startHarness();
  const [traefik] = await harness.startTraefiks();
  traefikUrl = traefik!.url;
  echo = await startEcho("target");
  await harness.serve("target", [echo]);
  key = await signingKey("key-1");
  issuer = await startIssuer([key], await podAddress());
  platform = await startAuthService("127.0.0.1");
  service = await startAuthService(await podAddress());
  const verifier = await startVerifier(harness, "verifier");
  await harness.createClass({
    verifier: { url: verifier.url },
    platform: { url: platform.url, responseHeaders: ["X-User-Id"] },
  });
  await harness.startReplica("controller");
  await harness.admin.create(Secret, apiKeys(harness.namespace, { robot: "robot-key" }));
}, 180_000);

type Headers = Record<string, string>;

/** A way to authenticate, as a WebSocket meets it. */
interface Kind {
  auth: () => RouteAuth;
  good: [what: string, headers: () => Headers | Promise<Headers>][];
  bad: [what: string, headers: Headers, status: number][];
  /** What the target learns. */
  identity: Headers;
}

const asked: Pick<Kind, "good" | "bad"> = {
  good: [
    ["a good token", () => ({ authorization: "Bearer good" })],
    ["the cookie of a session, all that a browser can send", () => ({ cookie: "session=good" })],
  ],
  bad: [
    ["no credentials", {}, 401],
    ["a token that is not good", { authorization: "Bearer bad" }, 401],
    ["the cookie of a session that has ended", { cookie: "session=over" }, 401],
    ["a token that is forbidden", { authorization: "Bearer banned" }, 403],
  ],
};

const kinds: Record<"jwt" | "api-key" | "platform" | "forward", Kind> = {
  jwt: {
    auth: () => ({ jwt: { issuer: issuer.url, jwksUrl: issuer.jwksUrl, audiences: [audience] } }),
    good: [["a good token", async () => ({ authorization: `Bearer ${await sign(key, issuer.url)}` })]],
    bad: [
      ["no token", {}, 401],
      ["what is no token", { authorization: "Bearer good" }, 401],
    ],
    identity: { "x-auth-method": "jwt", "x-auth-subject": "user-1" },
  },
  "api-key": {
    auth: () => ({ apiKey: { secretName: "keys" } }),
    good: [["a good key", () => ({ "x-api-key": "robot-key" })]],
    bad: [
      ["no key", {}, 401],
      ["another key", { "x-api-key": "robot-kez" }, 401],
      ["the key as a token", { authorization: "Bearer robot-key" }, 401],
    ],
    identity: { "x-auth-method": "apiKey", "x-auth-subject": "robot" },
  },
  platform: {
    auth: () => ({ platform: {} }),
    ...asked,
    identity: { "x-auth-method": "platform", "x-user-id": "user-7" },
  },
  forward: {
    auth: () => ({ forward: { url: service.url, responseHeaders: ["X-User-Id"] } }),
    ...asked,
    identity: { "x-auth-method": "forward", "x-user-id": "user-7" },
  },
};

/** What a client would like the target to believe: all that the verifier says, and more. */
function spoofed(identity: Headers): Headers {
  const names = [...Object.keys(identity), "x-auth-subject", "x_auth_subject", "remote-user"];
  return Object.fromEntries(names.map((name) => [name, "root"]));
}

describe.each(Object.entries(kinds))(
  "a WebSocket through a Route with %s",
  (name, { auth, good, bad, identity }) => {
    const host = `${name}.test`;

    beforeAll(() => serveVerified(harness, { name, auth: auth(), traefikUrl }).then(() => undefined), 90_000);

    it.each(good)(
      "opens with %s, and the target learns who it is from the verifier only",
      async (_what, headers) => {
        const socket = await openWebSocket(traefikUrl, {
          host,
          headers: { ...spoofed(identity), ...(await headers()) },
        });
        expect(await socket.exchange("hello")).toBe("target: hello");
        const seen = JSON.parse(await socket.exchange("headers")) as Headers;
        expect(seen).toMatchObject(identity);
        expect(Object.values(seen)).not.toContain("root");
        await socket.close();
      },
    );

    it.each(bad)(
      "does not open with %s, and the target hears nothing of it",
      async (_what, headers, status) => {
        const before = echo.requests;
        await expect(
          openWebSocket(traefikUrl, { host, headers: { ...spoofed(identity), ...headers } }),
        ).rejects.toThrow(String(status));
        expect(echo.requests).toBe(before);
      },
    );
  },
);

it("a WebSocket does not open while the service that is asked is down", async () => {
  const headers = { authorization: "Bearer good", "x-api-key": "never asked for before" };
  await service.stop();
  await expect(openWebSocket(traefikUrl, { host: "forward.test", headers })).rejects.toThrow("503");
});
