import { describe, expect, it } from "vitest";
import { failureOfFetch, failureOfLog } from "./failure.ts";

describe("the last words of a build", () => {
  it.each<[string, string, boolean]>([
    [
      'error: failed to solve: process "/bin/sh -c pip install x" did not complete successfully: exit code: 1',
      "BuildFailed",
      false,
    ],
    [
      'error: failed to solve: process "/bin/sh -c make" did not complete successfully: exit code: 137',
      "OutOfMemory",
      true,
    ],
    [
      "error: failed to solve: dockerfile parse error on line 3: unknown instruction: RUNN",
      "InvalidDockerfile",
      false,
    ],
    [
      "error: failed to solve: failed to read dockerfile: open Dockerfile: no such file or directory",
      "InvalidDockerfile",
      false,
    ],
    [
      "error: failed to solve: failed to push r.example/a:h-1: unexpected status from PUT request: 503 Service Unavailable",
      "PushUnavailable",
      true,
    ],
    [
      "error: failed to solve: failed to push r.example/a:h-1: unexpected status: 429 Too Many Requests",
      "PushUnavailable",
      true,
    ],
    [
      "error: failed to solve: failed to push r.example/a:h-1: unexpected status: 500 Internal Server Error",
      "PushUnavailable",
      true,
    ],
    [
      "error: failed to solve: failed to push r.example/a:h-1: server message: insufficient_scope: authorization failed",
      "PushRefused",
      false,
    ],
    [
      "error: failed to solve: failed to push r.example/a:h-1: unexpected status: 401 Unauthorized",
      "PushRefused",
      false,
    ],
    [
      "error: failed to solve: failed to push r.example/a:h-1: name unknown: no such repository",
      "PushNotFound",
      false,
    ],
    [
      "error: failed to solve: r.example/b:1: failed to resolve source metadata for r.example/b:1: r.example/b:1: not found",
      "BaseNotFound",
      false,
    ],
    [
      "error: failed to solve: r.example/b:1: failed to resolve source metadata for r.example/b:1: 401 Unauthorized",
      "BaseRefused",
      false,
    ],
    [
      "error: failed to solve: r.example/b:1: failed to resolve source metadata for r.example/b:1: 429 Too Many Requests",
      "BaseUnavailable",
      true,
    ],
    [
      'error: failed to solve: source "docker-image://evil/x:1" not allowed by policy: action DENY',
      "BaseNotAllowed",
      false,
    ],
    ["error: failed to solve: write /x: no space left on device", "OutOfDisk", true],
    [
      "could not connect to unix:///run/user/1000/buildkit/buildkitd.sock after 100 trials",
      "BuildFailed",
      true,
    ],
    [
      'error: failed to solve: process "/bin/sh -c x || (echo \\"failed to push: no space left on device\\"; exit 1)" did not complete successfully: exit code: 1',
      "BuildFailed",
      false,
    ],
    [
      "error: failed to solve: failed to push r.example/access-denied/a:h-1: unexpected status: 503 Service Unavailable",
      "PushUnavailable",
      true,
    ],
    ["something that nobody has seen before", "BuildFailed", false],
    ["", "BuildFailed", false],
  ])("%j mean %s, passing: %s", (log, reason, isPassing) => {
    expect(failureOfLog(log)).toMatchObject({ reason, isPassing });
  });

  it("count, and not what a command of the author printed before", () => {
    const log = [
      "#7 failed to push: 503",
      "#7 no space left on device",
      'error: failed to solve: process "/bin/sh -c x" did not complete successfully: exit code: 2',
    ].join("\n");
    expect(failureOfLog(log)).toMatchObject({ reason: "BuildFailed", isPassing: false });
  });
});

describe("the last words of the fetcher", () => {
  it.each<[string, string, boolean]>([
    ["RevisionNotFound: abc is not a commit of https://git.example/x", "SourceNotFound", false],
    ["HashMismatch: the archive has the SHA-256 1; expected 2", "SourceRefused", false],
    ["GitFailed: git fetch: connection reset", "SourceUnavailable", true],
    ["HostNotFound: git.example: try again", "SourceUnavailable", true],
    ["SecretMissing: Secret x is not there", "SecretNotFound", false],
    ["", "SourceUnavailable", true],
  ])("%j mean %s, passing: %s", (message, reason, isPassing) => {
    expect(failureOfFetch(message)).toMatchObject({ reason, isPassing });
  });
});
