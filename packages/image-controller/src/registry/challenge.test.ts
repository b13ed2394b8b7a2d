import { expect, it } from "vitest";
import { parseChallenge } from "./challenge.ts";

const realm = "https://auth.example/token";

it.each([
  ['Basic realm="registry"', { scheme: "basic" }],
  ["basic", { scheme: "basic" }],
  [
    `Bearer realm="${realm}",service="r.example",scope="repository:a/b:pull,push"`,
    { scheme: "bearer", realm, service: "r.example", scope: "repository:a/b:pull,push" },
  ],
  [`bearer realm=${realm}, service = r.example`, { scheme: "bearer", realm, service: "r.example" }],
  [`Basic realm="x", Bearer realm="${realm}"`, { scheme: "bearer", realm }],
  ['Bearer realm="a\\"b"', { scheme: "bearer", realm: 'a"b' }],
  ['Bearer service="r.example"', undefined],
  ["Negotiate", undefined],
  ["", undefined],
  [undefined, undefined],
])("the challenge %s asks for %j", (header, expected) => {
  expect(parseChallenge(header)).toEqual(expected);
});
