import { describe, expect, it } from "vitest";
import { expand } from "./expand.ts";
import { DockerfileError, parseDockerfile } from "./parse.ts";

const digest = `sha256:${"a".repeat(64)}`;

function basesOf(text: string, args: Record<string, string> = {}): string[] {
  return parseDockerfile(text, new Map(Object.entries(args))).bases.map(({ name }) => name);
}

describe("the images that a Dockerfile needs", () => {
  it.each([
    ["FROM python", ["docker.io/library/python:latest"]],
    ["FROM scratch\nCOPY a b", []],
    [`FROM r.example/a:1@${digest}`, [`r.example/a:1@${digest}`]],
    ["FROM --platform=$BUILDPLATFORM golang:1 AS build", ["docker.io/library/golang:1"]],
    ["FROM a AS one\nFROM one AS two\nFROM ONE", ["docker.io/library/a:latest"]],
    ["from a\ncopy --from=b:2 / /", ["docker.io/library/a:latest", "docker.io/library/b:2"]],
    [
      "FROM a AS one\nFROM b\nCOPY --from=0 / /\nCOPY --chown=1 --from=one / /",
      ["docker.io/library/a:latest", "docker.io/library/b:latest"],
    ],
    [
      "FROM a\nRUN --network=none --mount=type=cache,target=/c --mount=type=bind,from=c:3,target=/d true",
      ["docker.io/library/a:latest", "docker.io/library/c:3"],
    ],
    ["FROM a\nRUN cat <<EOT\nFROM nothing\nEOT", ["docker.io/library/a:latest"]],
    ["# FROM nothing\nFROM a \\\n  AS b", ["docker.io/library/a:latest"]],
    ["FROM a\nFROM a:latest", ["docker.io/library/a:latest"]],
    ["ARG V=1\nARG I=a:${V}\nFROM ${I}", ["docker.io/library/a:1"]],
    ["ARG V\nFROM a:${V:-2}", ["docker.io/library/a:2"]],
    ["ARG V=\nFROM a:${V:-3}", ["docker.io/library/a:3"]],
    ["ARG V=1\nFROM a${V:+-slim}", ["docker.io/library/a-slim:latest"]],
    // What only BuildKit can tell.
    ["FROM a:${V%.*}", []],
  ])("%s", (text, expected) => {
    expect(basesOf(text)).toEqual(expected);
  });

  it("follow from build arguments before defaults, but only where the Dockerfile declares them", () => {
    const text = "ARG V=1\nFROM a:${V} AS x\nFROM b:${W:-0}";
    expect(basesOf(text, { V: "9", W: "9" })).toEqual(["docker.io/library/a:9", "docker.io/library/b:0"]);
  });

  it.each([
    ["", "it has no FROM"],
    ["RUN true", "it has no FROM"],
    ["FROM", "it has a FROM without an image"],
    ["FROM a/../b", '"a/../b" is not the name of an image'],
    ["FROM user:secret@r.example/a", "is not the name of an image"],
    ["FROM a\nCOPY --from=$(id) / /", '"$(id)" is not the name of an image'],
    ["ARG V\nFROM $V", '"" is not the name of an image'],
  ])("are not there in %j: %s", (text, message) => {
    expect(() => basesOf(text)).toThrow(DockerfileError);
    expect(() => basesOf(text)).toThrow(message);
  });
});

describe("what reads a Dockerfile", () => {
  it.each([
    ["# syntax=docker/dockerfile:1\nFROM a", "docker.io/docker/dockerfile:1"],
    ["#syntax = evil.example/frontend\nFROM a", "evil.example/frontend:latest"],
    ["# escape=`\n# syntax=x.example/f:2\nFROM a", "x.example/f:2"],
    ["FROM a\n# syntax=docker/dockerfile:1", undefined],
    ["FROM a", undefined],
  ])("is named by %j: %s", (text, expected) => {
    expect(parseDockerfile(text).frontend?.name).toBe(expected);
  });
});

it.each([
  ["a", "a"],
  ["$A", "1"],
  ["${A}-x", "1-x"],
  ["$NOT", ""],
  ["${E:-d}", "d"],
  ["${E-d}", ""],
  ["${A:+d}", "d"],
  ["${NOT+d}", ""],
  ["${A#x}", undefined],
  ["$", undefined],
])("the word %s means %j", (word, expected) => {
  expect(expand(word, new Map(Object.entries({ A: "1", E: "" })))).toBe(expected);
});
