import { describe, expect, it } from "vitest";
import {
  headersFromVerifier,
  headersToVerifier,
  isSettable,
  strippedHeadersPattern,
  verifiedField,
  verifierUrl,
} from "./address.ts";

const uid = "0b3a4c8e-2b60-4f0a-9b3e-0f0f6f0d2a11";

describe("the address of a Route at the verifier", () => {
  it("is the same with and without a slash at the end of the verifier's own", () => {
    const expected = `http://verifier.datalayer:2113/verify/${uid}`;
    expect(verifierUrl("http://verifier.datalayer:2113", uid)).toBe(expected);
    expect(verifierUrl("http://verifier.datalayer:2113/", uid)).toBe(expected);
  });

  it("exists for the ways that the verifier decides on, and for no other", () => {
    expect(verifiedField({ apiKey: { secretName: "keys", header: "X-Api-Key" } })).toBe("apiKey");
    expect(verifiedField({ platform: {} })).toBe("platform");
    expect(verifiedField({ none: {} })).toBeUndefined();
    expect(verifiedField({ target: {} })).toBeUndefined();
    expect(verifiedField({ basic: { secretName: "users" } })).toBeUndefined();
  });
});

describe("the headers that a target gets from the verifier", () => {
  const own = ["X-Auth-Method", "X-Auth-Subject", "X-Auth-Issuer", "X-Forwarded-User"];

  it("are the verifier's own and those that the Route chose, each once", () => {
    const jwt = {
      issuer: "https://issuer.example",
      jwksUrl: "https://issuer.example/keys",
      audiences: ["a"],
      claimHeaders: [
        { claim: "email", header: "X-Email" },
        { claim: "name", header: "x-forwarded-user" },
      ],
    };
    expect(headersFromVerifier({ jwt }, {})).toEqual([...own, "X-Email"]);
  });

  it("include the header of an API key, so that the key is removed from the request", () => {
    const apiKey = { secretName: "keys", header: "X-Team-Key" };
    expect(headersFromVerifier({ apiKey }, {})).toEqual([...own, "X-Team-Key"]);
  });

  it("are those of the class where the platform answers", () => {
    const routeClass = { platform: { url: "http://iam", responseHeaders: ["X-User-Id"] } };
    expect(headersFromVerifier({ platform: {} }, routeClass)).toEqual([...own, "X-User-Id"]);
  });

  it.each([
    "Host",
    "connection",
    "Transfer-Encoding",
    "X-Forwarded-For",
    "Sec-WebSocket-Key",
    "Content-Length",
  ])("never include %s", (header) => {
    expect(isSettable(header)).toBe(false);
    expect(headersFromVerifier({ forward: { url: "http://a", responseHeaders: [header] } }, {})).toEqual(own);
  });
});

describe("the headers that the verifier sees", () => {
  it("are the credentials of the way, and nothing else", () => {
    expect(headersToVerifier({ apiKey: { secretName: "keys", header: "X-Team-Key" } })).toEqual([
      "X-Team-Key",
    ]);
    expect(headersToVerifier({ platform: {} })).toContain("Cookie");
  });
});

describe("the pattern of headers that are removed from a request", () => {
  const pattern = new RegExp(strippedHeadersPattern(["X-Email", "X-Forwarded-User"]));

  it.each([
    "X-Auth-Subject",
    "X_auth_subject",
    "X.Auth.Subject",
    "x-AUTH-anything",
    "X-Email",
    "X_email",
    "X_forwarded_user",
    "Remote_User",
    "X~Remote~Groups",
  ])("fits %s", (name) => {
    expect(pattern.test(name)).toBe(true);
  });

  it.each(["Authorization", "X-Emails", "An-X-Email", "X-Forwarded-For", "X-Authority", "Cookie"])(
    "does not fit %s",
    (name) => {
      expect(pattern.test(name)).toBe(false);
    },
  );
});
