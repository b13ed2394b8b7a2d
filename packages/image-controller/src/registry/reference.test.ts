import { describe, expect, it } from "vitest";
import { fullName, parseReference, parseRepository } from "./reference.ts";

const digest = `sha256:${"a".repeat(64)}`;

describe("the name of an image", () => {
  it.each([
    ["python", "docker.io/library/python:latest"],
    ["python:3.13-slim", "docker.io/library/python:3.13-slim"],
    ["docker.io/python", "docker.io/library/python:latest"],
    ["mambaorg/micromamba:2", "docker.io/mambaorg/micromamba:2"],
    ["localhost/a", "localhost/a:latest"],
    ["registry:5000/a/b", "registry:5000/a/b:latest"],
    ["quay.io/a/b:1", "quay.io/a/b:1"],
    [`quay.io/a/b@${digest}`, `quay.io/a/b@${digest}`],
    [`quay.io/a/b:1@${digest}`, `quay.io/a/b:1@${digest}`],
    ["[2001:db8::1]:5000/a", undefined],
    ["a/b:", undefined],
    ["a//b", undefined],
    ["a/../b", undefined],
    ["A/b", undefined],
    ["a b", undefined],
    ["user:secret@registry.example.com/a", undefined],
    ["https://registry.example.com/a", undefined],
    [`a@${digest}@${digest}`, undefined],
    ["a@sha256:00", undefined],
    [`a:${"x".repeat(129)}`, undefined],
    [`r.example/${"a".repeat(256)}`, undefined],
    ["", undefined],
    ["$(whoami)", undefined],
  ])("%s is %s", (text, expected) => {
    const reference = parseReference(text);
    expect(reference && fullName(reference)).toBe(expected);
  });
});

describe("the name of a repository", () => {
  it.each([
    ["r.example:5000/team/image", { host: "r.example:5000", repository: "team/image" }],
    ["r.example/image:1", undefined],
    [`r.example/image@${digest}`, undefined],
  ])("%s is %j", (text, expected) => {
    expect(parseRepository(text)).toEqual(expected);
  });
});
