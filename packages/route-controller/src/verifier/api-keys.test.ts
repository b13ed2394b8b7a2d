import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Secret } from "@datalayer/shared/kube/kinds";
import { ApiKeys } from "./api-keys.ts";

const sha256 = (key: string): string => createHash("sha256").update(key).digest("hex");

function secretOf(entries: Record<string, string>): Secret {
  const data = Object.fromEntries(
    Object.entries(entries).map(([client, value]) => [client, Buffer.from(value).toString("base64")]),
  );
  const metadata = { name: "keys", namespace: "a", uid: "u", resourceVersion: "1" };
  return { apiVersion: "v1", kind: "Secret", metadata, data } as Secret;
}

const keys = new ApiKeys();
const secret = secretOf({
  robot: sha256("robot-key"),
  changing: `${sha256("old-key")}\n${sha256("new-key").toUpperCase()}\n`,
  prefixed: `sha256:${sha256("prefixed-key")}`,
  plain: "a-key-in-clear",
  empty: "",
});
const check = (values: string[] | undefined, header = "X-Api-Key") =>
  keys.check({ [header.toLowerCase()]: values }, { header, secret });

describe("an API key", () => {
  it.each([
    ["robot-key", "robot"],
    ["old-key", "changing"],
    ["new-key", "changing"],
    ["prefixed-key", "prefixed"],
  ])("%s is that of %s", (key, client) => {
    expect(check([key])).toEqual({
      kind: "allowed",
      headers: { "X-Auth-Method": "apiKey", "X-Auth-Subject": client, "X-Forwarded-User": client },
    });
  });

  it.each([["a-key-in-clear"], [sha256("robot-key")], ["robot-key "], ["ROBOT-KEY"], ["robot"]])(
    "%j is nobody's",
    (key) => {
      expect(check([key])).toMatchObject({ status: 401, reason: "unknown-key" });
    },
  );

  it("stands behind a word in Authorization", () => {
    expect(check(["Bearer robot-key"], "Authorization")).toMatchObject({ kind: "allowed" });
    expect(check(["ApiKey robot-key"], "Authorization")).toMatchObject({ kind: "allowed" });
    expect(check(["robot-key"], "Authorization")).toMatchObject({ reason: "malformed-credentials" });
  });

  it("that is absent, empty or sent twice does not pass", () => {
    expect(check(undefined)).toEqual({
      kind: "denied",
      status: 401,
      reason: "no-credentials",
      challenge: 'ApiKey header="X-Api-Key"',
    });
    expect(check([""])).toMatchObject({ status: 401, reason: "malformed-credentials" });
    expect(check(["robot-key", "robot-key"])).toMatchObject({ status: 401, reason: "malformed-credentials" });
  });

  it("cannot be checked without the Secret", () => {
    const headers = { "x-api-key": ["robot-key"] };
    expect(keys.check(headers, { header: "X-Api-Key", secret: undefined })).toMatchObject({ status: 503 });
  });
});
