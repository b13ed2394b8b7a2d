import { describe, expect, it } from "vitest";
import { isForbiddenHost, parseGitSource } from "./git-source.ts";

describe("the source of a git content", () => {
  it.each([
    ["https://git.example.org/a.git", { scheme: "https", host: "git.example.org" }],
    ["https://git.example.org:8443/a", { scheme: "https", host: "git.example.org" }],
    ["https://[2001:db8::1]/a", { scheme: "https", host: "2001:db8::1" }],
    ["ssh://git@git.example.org:2222/a.git", { scheme: "ssh", host: "git.example.org" }],
    ["git@git.example.org:team/a.git", { scheme: "ssh", host: "git.example.org" }],
    ["http://git.example.org/a", { scheme: "http", host: "git.example.org" }],
    ["file:///etc", undefined],
    ["ext::sh -c id", undefined],
    ["--upload-pack=id", undefined],
    ["course", undefined],
  ])("%s is read", (source, expected) => {
    expect(parseGitSource(source)).toEqual(expected);
  });

  // The URL parser writes every way to spell an IPv4 address in the same way.
  it("is known by its address however that is spelt", () => {
    expect(parseGitSource("https://2130706433/a")?.host).toBe("127.0.0.1");
    expect(parseGitSource("https://0x7f.1/a")?.host).toBe("127.0.0.1");
  });
});

describe("the host of a repository", () => {
  it.each([
    ...["127.0.0.1", "127.8.8.8", "0.0.0.0", "169.254.169.254", "224.0.0.1", "100.100.100.200"],
    ...["::", "::1", "fe80::1", "fd00:ec2::254", "::ffff:169.254.169.254", "::ffff:7f00:1"],
    ...["64:ff9b::a9fe:a9fe", "64:ff9b::127.0.0.1"],
    ...["localhost", "git.localhost", "LOCALHOST."],
  ])("is not %s", (host) => {
    expect(isForbiddenHost(host)).toBe(true);
  });

  it.each([
    "git.example.org",
    "notlocalhost",
    "10.0.0.1",
    "192.168.1.1",
    "2001:db8::1",
    "fd12::1",
    "64:ff9b::10.0.0.1",
  ])("may be %s", (host) => {
    expect(isForbiddenHost(host)).toBe(false);
  });
});
