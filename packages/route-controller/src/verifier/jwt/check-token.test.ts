import { createHmac } from "node:crypto";
import { ManualClock } from "@datalayer/shared/clock/manual-clock";
import { base64url, exportSPKI, SignJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { audience, sign, signingKey, type SigningKey } from "../../../test/verifier/issuer.ts";
import type { Verdict } from "../verdict.ts";
import { checkToken, type TokenDemands } from "./check-token.ts";
import { KeySet } from "./key-set.ts";

const issuer = "https://issuer.example";
const demands: TokenDemands = {
  issuer,
  jwksUrl: `${issuer}/keys`,
  audiences: [audience, "other-service"],
  claimHeaders: [
    { claim: "email", header: "X-Email" },
    { claim: "groups", header: "X-Groups" },
    { claim: "absent", header: "X-Absent" },
    { claim: "name", header: "X-Forwarded-User" },
    { claim: "email", header: "X-Forwarded-For" },
  ],
};
const clock = new ManualClock();
const nowMs = clock.now();
let key: SigningKey;
let rsa: SigningKey;
let keys: KeySet;

beforeAll(async () => {
  [key, rsa] = await Promise.all([signingKey("key-1"), signingKey("key-rsa", "RS256")]);
  keys = new KeySet({
    url: demands.jwksUrl,
    read: () => Promise.resolve({ keys: [key.jwk, rsa.jwk] }),
    clock,
  });
  await keys.ready();
});

const check = (token: string, with_ = demands): Promise<Verdict> => checkToken(token, with_, { keys, nowMs });

describe("a good token", () => {
  it.each(["ES256", "RS256"])("passes, signed by %s, with headers of its claims", async (alg) => {
    const claims = { email: "zoë@example.com", groups: ["a,b", "c"], name: "Zoe" };
    const token = await sign(alg === "RS256" ? rsa : key, issuer, { claims, nowMs });
    expect(await check(token)).toEqual({
      kind: "allowed",
      headers: {
        "X-Auth-Method": "jwt",
        "X-Auth-Subject": "user-1",
        "X-Auth-Issuer": issuer,
        "X-Email": "zo%C3%AB@example.com",
        "X-Groups": "a%2Cb,c",
        "X-Forwarded-User": "Zoe",
      },
      untilMs: nowMs + 300_000,
    });
  });

  it("may have any one of the audiences", async () => {
    const token = await sign(key, issuer, { claims: { aud: ["someone", "other-service"] }, nowMs });
    expect(await check(token)).toMatchObject({ kind: "allowed" });
  });

  it("may be late or early by no more than a minute", async () => {
    const nowSeconds = nowMs / 1_000;
    const late = await sign(key, issuer, { claims: { exp: nowSeconds - 59 }, nowMs });
    const early = await sign(key, issuer, { claims: { nbf: nowSeconds + 59 }, nowMs });
    expect(await check(late)).toMatchObject({ kind: "allowed" });
    expect(await check(early)).toMatchObject({ kind: "allowed" });
  });
});

describe("a token that does not pass", () => {
  const nowSeconds = nowMs / 1_000;

  it.each([
    ["is expired", { exp: nowSeconds - 61 }, "expired"],
    ["never expires", { exp: undefined }, "malformed-credentials"],
    ["is for later", { nbf: nowSeconds + 61 }, "not-yet-valid"],
    ["is of another issuer", { iss: "https://issuer.example/" }, "wrong-issuer"],
    ["names no issuer", { iss: undefined }, "wrong-issuer"],
    ["is for another audience", { aud: "notebooks2" }, "wrong-audience"],
    ["is for no audience", { aud: undefined }, "wrong-audience"],
  ])("%s", async (_what, claims, reason) => {
    expect(await check(await sign(key, issuer, { claims, nowMs }))).toEqual({
      kind: "denied",
      status: 401,
      reason,
      challenge: 'Bearer error="invalid_token"',
    });
  });

  it("is signed by another key under a known name", async () => {
    const other = await signingKey("key-1");
    expect(await check(await sign(other, issuer, { nowMs }))).toMatchObject({
      status: 401,
      reason: "forged",
    });
  });

  it("was changed after it was signed", async () => {
    const [head, , signature] = (await sign(key, issuer, { nowMs })).split(".");
    const payload = base64url.encode(JSON.stringify({ iss: issuer, aud: audience, sub: "root", exp: 9e9 }));
    expect(await check(`${head}.${payload}.${signature}`)).toMatchObject({ reason: "forged" });
  });

  it.each(["none", "None", "NONE"])("says that it is signed by %s", async (alg) => {
    const head = base64url.encode(JSON.stringify({ alg, kid: "key-1" }));
    const payload = base64url.encode(JSON.stringify({ iss: issuer, aud: audience, sub: "root", exp: 9e9 }));
    expect(await check(`${head}.${payload}.`)).toMatchObject({ status: 401 });
  });

  it("is signed with the public key as if it were a shared secret", async () => {
    for (const { publicKey, kid } of [key, rsa]) {
      const secret = await exportSPKI(publicKey);
      const head = base64url.encode(JSON.stringify({ alg: "HS256", kid }));
      const payload = base64url.encode(JSON.stringify({ iss: issuer, aud: audience, exp: 9e9 }));
      const mac = createHmac("sha256", secret).update(`${head}.${payload}`).digest("base64url");
      expect(await check(`${head}.${payload}.${mac}`)).toMatchObject({ status: 401, reason: "forged" });
    }
  });

  it.each(["../../etc/passwd", "key-1\u0000", "/dev/null", "' or 1=1", "__proto__"])(
    "names its key %j",
    async (kid) => {
      expect(await check(await sign({ ...key, kid }, issuer, { nowMs }))).toMatchObject({
        status: 401,
        reason: "unknown-key",
      });
    },
  );

  it("brings its own key, inside or by address", async () => {
    const other = await signingKey("key-9");
    const token = await new SignJWT({ iss: issuer, aud: audience, sub: "root", exp: 9e9 })
      .setProtectedHeader({ alg: "ES256", jwk: other.jwk, jku: "http://127.0.0.1:9/keys", kid: "key-9" })
      .sign(other.privateKey);
    expect(await check(token)).toMatchObject({ status: 401, reason: "unknown-key" });
  });

  it("demands what nobody understands", async () => {
    const head = base64url.encode(JSON.stringify({ alg: "ES256", kid: "key-1", crit: ["must"], must: true }));
    const [, payload, signature] = (await sign(key, issuer, { nowMs })).split(".");
    expect(await check(`${head}.${payload}.${signature}`)).toMatchObject({ status: 401 });
  });

  it.each(["", "a.b.c", "....", "e30.e30.", "e30.e30.e30"])("is no token: %j", async (text) => {
    expect(await check(text)).toMatchObject({ status: 401 });
  });
});

describe("the keys of an issuer", () => {
  it("do not serve as shared secrets, even where it publishes one", async () => {
    const secret = { kty: "oct", kid: "shared", alg: "HS256", k: base64url.encode("0".repeat(32)) };
    const read = () => Promise.resolve({ keys: [secret] });
    const published = new KeySet({ url: demands.jwksUrl, read, clock });
    await published.ready();
    const token = await new SignJWT({ iss: issuer, aud: audience, exp: 9e9 })
      .setProtectedHeader({ alg: "HS256", kid: "shared" })
      .sign(new TextEncoder().encode("0".repeat(32)));
    expect(await checkToken(token, demands, { keys: published, nowMs })).toMatchObject({ status: 401 });
  });
});
