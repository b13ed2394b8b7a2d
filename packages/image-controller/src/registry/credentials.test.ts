import type { Secret } from "@datalayer/shared/kube/kinds";
import { describe, expect, it } from "vitest";
import { credentialsIn, secretsOf } from "./credentials.ts";

const encoded = (text: string): string => Buffer.from(text).toString("base64");

function secret(type: string, data: Record<string, string>): Secret {
  const encodedData = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, encoded(value)]));
  return { metadata: { name: "push" }, type, data: encodedData } as unknown as Secret;
}

const config = (auths: unknown): Secret =>
  secret("kubernetes.io/dockerconfigjson", { ".dockerconfigjson": JSON.stringify({ auths }) });

const ada = { username: "ada", password: "pa:ss" };

describe("the credentials in a Secret", () => {
  it.each([
    ["auth in one", config({ "r.example": { auth: encoded("ada:pa:ss") } }), "r.example", ada],
    ["name and password apart", config({ "r.example": ada }), "r.example", ada],
    ["an address in place of a host", config({ "https://r.example/v2/": ada }), "r.example", ada],
    ["a port", config({ "r.example:5000": ada }), "r.example:5000", ada],
    ["the Docker Hub by its old address", config({ "https://index.docker.io/v1/": ada }), "docker.io", ada],
    [
      "a token in place of a password",
      config({ "r.example": { identitytoken: "t" } }),
      "r.example",
      { username: "", password: "", identityToken: "t" },
    ],
    ["an entry without anything", config({ "r.example": {} }), "r.example", undefined],
    ["an entry that is no object", config({ "r.example": "x" }), "r.example", undefined],
    ["another host", config({ "other.example": ada }), "r.example", undefined],
    [
      "the old form",
      secret("kubernetes.io/dockercfg", { ".dockercfg": JSON.stringify({ "r.example": ada }) }),
      "r.example",
      ada,
    ],
    ["a name and a password alone", secret("kubernetes.io/basic-auth", ada), "r.example", ada],
  ])("with %s are read", (_, given, host, expected) => {
    expect(credentialsIn(given, "r.example").get(host)).toEqual(expected);
  });

  it.each([
    ["Opaque", { ".dockerconfigjson": "{}" }, /is of the type Opaque; expected one of kubernetes.io\/docker/],
    ["kubernetes.io/service-account-token", { token: "t" }, /is of the type kubernetes.io\/service-account/],
    ["kubernetes.io/dockerconfigjson", {}, /has no key .dockerconfigjson/],
    ["kubernetes.io/dockerconfigjson", { ".dockerconfigjson": "canary" }, /has no object auths/],
    ["kubernetes.io/dockercfg", { ".dockercfg": '"canary"' }, /has no object in its key .dockercfg/],
    ["kubernetes.io/basic-auth", { username: "canary" }, /has no key password/],
  ])("of the type %s with %j are refused, without a word of them", (type, data, message) => {
    const read = (): unknown => credentialsIn(secret(type, data), "r.example");
    expect(read).toThrow(message);
    expect(read).not.toThrow(/canary/);
  });

  it("tell what has to be kept out of logs", () => {
    const both = config({ "r.example": ada, "s.example": { identitytoken: "t" } });
    expect(secretsOf(credentialsIn(both, "r.example"))).toEqual(["pa:ss", "t"]);
  });
});
