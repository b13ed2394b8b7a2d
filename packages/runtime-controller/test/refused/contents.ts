import type { Fields, RefusedSpec } from "./refused-spec.ts";

const source = (text: string): Fields => ({ source: text });

/** Specs of contents that the schema refuses. */
export const refusedContents: RefusedSpec[] = [
  ["an unknown type", { type: "ftp" }, "spec.type", 'supported values: "git", "nfs", "s3"'],
  ["no type", { type: undefined }, "spec.type", "Required value"],
  ["git and no source", { source: undefined }, "spec.source", "source is required for git and s3 contents"],
  [
    "s3 and no source",
    { type: "s3", source: undefined },
    "spec.source",
    "source is required for git and s3 contents",
  ],
  [
    "a file: source",
    source("file:///etc"),
    "spec.source",
    "the source of a git content is an https://, http://, ssh:// or git@ address without a password",
  ],
  ["an ext:: source", source("ext::sh -c id"), "spec.source", "should match '^[^\\s\\x00-\\x1f\\x7f]+$'"],
  [
    "an option as source",
    source("--upload-pack=id"),
    "spec.source",
    "the source of a git content is an https://, http://, ssh:// or git@ address without a password",
  ],
  [
    "a source with a space",
    source("https://a/b --upload-pack=id"),
    "spec.source",
    "should match '^[^\\s\\x00-\\x1f\\x7f]+$'",
  ],
  [
    "a source with credentials",
    source("https://user:password@host/a"),
    "spec.source",
    "the source of a git content is an https://, http://, ssh:// or git@ address without a password",
  ],
  [
    "a host that is an option",
    source("ssh://-oProxyCommand=id/a"),
    "spec.source",
    "the source of a git content is an https://, http://, ssh:// or git@ address without a password",
  ],
  [
    "a bucket that is a path",
    { type: "s3", source: "a/b" },
    "spec.source",
    "the source of an s3 content is the name of a bucket",
  ],
  [
    "a sub-path that goes up",
    { subPath: "../.." },
    "spec.subPath",
    "must be relative, and must not contain '..'",
  ],
  [
    "a sub-path that goes up later",
    { subPath: "a/../../b" },
    "spec.subPath",
    "must be relative, and must not contain '..'",
  ],
  [
    "an absolute sub-path",
    { subPath: "/etc" },
    "spec.subPath",
    "must be relative, and must not contain '..'",
  ],
  ["an option as revision", { revision: "--option" }, "spec.revision", "should match '^[0-9a-f]{40}$'"],
  ["39 hexadecimal digits", { revision: "a".repeat(39) }, "spec.revision", "should match '^[0-9a-f]{40}$'"],
  ["a short digest", { sha256: "a".repeat(63) }, "spec.sha256", "should match '^[0-9a-f]{64}$'"],
  ["other permissions", { permissions: "rwx" }, "spec.permissions", 'supported values: "ro", "rw"'],
  [
    "a uid that is no ULID",
    { uid: "01J9Z8W7V6T5S4R3Q2P1N0M9KU" },
    "spec.uid",
    "should match '^[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{26}$'",
  ],
  [
    "a Secret of another namespace",
    { secret: "other/secret" },
    "spec.secret",
    "should match '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$'",
  ],
  ["a command", { command: ["id"] }, "spec.command", "unknown field"],
];
