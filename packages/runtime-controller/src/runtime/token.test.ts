import { describe, expect, it } from "vitest";
import { deriveToken, sealBody, type TokenKeys } from "./token.ts";

const keys: TokenKeys = {
  cluster: "11111111-2222-3333-4444-555555555555",
  currentId: "new",
  keys: new Map([
    ["old", Buffer.from("00".repeat(32), "hex")],
    ["new", Buffer.from("ff".repeat(32), "hex")],
  ]),
};
const runtime = { namespace: "datalayer-runtimes", ulid: "01kfh8x3v9n2m4p6q8r0s2t4v6" };

describe("the token of a runtime", () => {
  // Made with `printf 'jupyter-token/v1\n<cluster>\n<namespace>\n<ulid>' | openssl dgst -sha256 -mac HMAC`.
  it.each([
    ["old", "Sm-qOamnXBkS_JkHuXO5-JyFWEMnam8pQARdFjJyWFw"],
    ["new", "naC27U1QkAHRJxmpfZgU2rCmCOfGFJt4jIGUGNLW2-4"],
  ])("derived with the %s key is a known one", (keyId, expected) => {
    expect(deriveToken(keys, keyId, runtime)).toBe(expected);
  });

  it("differs by key, cluster, namespace and runtime", () => {
    const tokens = [
      deriveToken(keys, "new", runtime),
      deriveToken(keys, "old", runtime),
      deriveToken({ ...keys, cluster: "another" }, "new", runtime),
      deriveToken(keys, "new", { ...runtime, namespace: "another" }),
      deriveToken(keys, "new", { ...runtime, ulid: "another" }),
    ];
    expect(new Set(tokens).size).toBe(tokens.length);
  });

  it("fits a URL and a header as it is", () => {
    expect(deriveToken(keys, "new", runtime)).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it("is refused for a key that is not known, which the error names", () => {
    const unknown = () => deriveToken(keys, "lost", runtime);
    expect(unknown).toThrow(`token key "lost" of runtime datalayer-runtimes/${runtime.ulid} is not known`);
  });
});

describe("the seal of a claim's body", () => {
  // Made with `printf 'claim-body/v1\n<cluster>\nbody-hash' | openssl dgst -sha256 -mac HMAC`.
  it("names its key and is a known one", () => {
    expect(sealBody(keys, "new", "body-hash")).toBe(
      "new.f49ed8aa8eb7d9125e6a7adf8f3a5368ce5238c38ea04e8fa71e27fbdb7967e8",
    );
  });

  it("differs by key, cluster and body, and from every token", () => {
    const seals = [
      sealBody(keys, "new", "body-hash"),
      sealBody(keys, "old", "body-hash"),
      sealBody({ ...keys, cluster: "another" }, "new", "body-hash"),
      sealBody(keys, "new", "another"),
    ].map((seal) => seal.split(".")[1]);
    expect(new Set(seals).size).toBe(seals.length);
  });

  it("is refused for a key that is not known, which the error names", () => {
    expect(() => sealBody(keys, "lost", "body-hash")).toThrow('token key "lost" of a claim\'s seal');
  });
});
