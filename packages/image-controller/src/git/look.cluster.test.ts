import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { tempDir } from "@datalayer/devcluster/testkit/temp-dir";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { GitServer } from "../../test/git-server.ts";
import { type GitLook, type GitLookOptions, type GitPlace, lookAtRepository } from "./look.ts";

let git: GitServer;

beforeAll(async () => {
  git = await GitServer.start();
});
afterEach(() => {
  git.isLocked = false;
  git.broken = undefined;
});

function look(
  repository: string,
  place: Partial<GitPlace> = {},
  { access = {}, known, ...more }: Partial<GitLookOptions> = {},
): Promise<GitLook> {
  const url = `${git.url}/${repository}`;
  const at = { url, revision: "HEAD", subPath: undefined, dockerfile: "Dockerfile", ...place };
  const signal = AbortSignal.timeout(50_000);
  return lookAtRepository(at, { access: { ca: git.ca, ...access }, known, signal, ...more });
}

const dockerfile = "FROM r.example/base:1\n";

describe("a look at a repository", () => {
  it("finds the commit of a branch, a tag or the default, its folder and its Dockerfile", async () => {
    const first = await git.commit("found", { "app/Dockerfile": dockerfile, "other/file": "1" });
    await git.git("found", "tag", "--annotate", "v1", "--message", "one");
    const second = await git.commit("found", { "app/Dockerfile": `${dockerfile}USER 1\n` });
    await git.git("found", "branch", "release/2");
    const place = { subPath: "app" };
    const tree = (await git.git("found", "rev-parse", `${second}:app`)).trim();
    const newest = { commit: second, tree, committedAt: 1_767_225_600, dockerfile: `${dockerfile}USER 1\n` };
    expect(await look("found", place)).toEqual(newest);
    expect(await look("found", { ...place, revision: "main" })).toEqual(newest);
    expect(await look("found", { ...place, revision: "release/2" })).toEqual(newest);
    expect(await look("found", { ...place, revision: second })).toEqual(newest);
    for (const revision of ["v1", first])
      expect(await look("found", { ...place, revision })).toMatchObject({ commit: first, dockerfile });
  });

  it("finds the same folder in commits that do not change it", async () => {
    await git.commit("same", { "app/Dockerfile": dockerfile });
    const before = await look("same", { subPath: "app" });
    const commit = await git.commit("same", { "README.md": "changed" });
    const after = await look("same", { subPath: "app" }, { known: before });
    expect(after).toEqual({ ...before, commit });
  });

  it("fetches nothing when the commit is known", async () => {
    await git.commit("known", { Dockerfile: dockerfile });
    const known = await look("known");
    const before = git.asked.length;
    expect(await look("known", {}, { known })).toBe(known);
    expect(git.asked.slice(before).filter((path) => !path.includes("service="))).toHaveLength(1);
  });

  it("does not fetch the other files", async () => {
    await git.commit("large", { Dockerfile: dockerfile, data: randomBytes(1_000_000).toString("hex") });
    const before = git.bytesSent;
    expect(await look("large")).toMatchObject({ dockerfile });
    expect(git.bytesSent - before).toBeLessThan(20_000);
  });

  it("finds a commit that the server does not give out by itself", async () => {
    const first = await git.commit("shy", { Dockerfile: dockerfile });
    await git.commit("shy", { Dockerfile: `${dockerfile}USER 1\n` });
    await git.git("shy", "config", "uploadpack.allowAnySHA1InWant", "false");
    expect(await look("shy", { revision: first })).toMatchObject({ commit: first, dockerfile });
  });

  it("uses a login, for that server alone", async () => {
    await git.commit("locked", { Dockerfile: dockerfile });
    git.isLocked = true;
    expect(await look("locked", {}, { access: git.login })).toMatchObject({ dockerfile });
    for (const access of [{}, { ...git.login, password: "canary-wrong" }]) {
      const refused = look("locked", {}, { access });
      await expect(refused).rejects.toMatchObject({ failure: "refused" });
      await expect(refused).rejects.not.toThrow(/canary/);
    }
  });

  it("leaves nothing behind", async () => {
    await git.commit("clean", { Dockerfile: dockerfile });
    const workFolder = await tempDir();
    await look("clean", {}, { workFolder });
    await look("clean", { revision: "absent" }, { workFolder }).catch(() => undefined);
    expect(await readdir(workFolder)).toEqual([]);
  });

  it.each<[string, Partial<GitPlace>]>([
    ["no branch", { revision: "absent" }],
    ["a commit that is not there", { revision: "0".repeat(40) }],
    ["no folder", { subPath: "absent" }],
    ["a folder that is a file", { subPath: "Dockerfile" }],
    ["no Dockerfile", { dockerfile: "absent" }],
    ["a Dockerfile that is a folder", { dockerfile: "folder" }],
    ["no repository", { url: "absent" }],
  ])("says that there is none: %s", async (_, place) => {
    await git.commit("lacking", { Dockerfile: dockerfile, "folder/a": "a" });
    const url = place.url === undefined ? {} : { url: `${git.url}/absent` };
    await expect(look("lacking", { ...place, ...url })).rejects.toMatchObject({ failure: "not-found" });
  });

  it("refuses a Dockerfile that is a link, and one that nobody can have written", async () => {
    const repository = "strange";
    await git.commit(repository, { Dockerfile: "x".repeat(2_000_000) });
    await expect(look(repository)).rejects.toThrow('"Dockerfile" has 2000000 bytes; expected a Dockerfile');
    const link = (await git.git(repository, "rev-parse", "HEAD:Dockerfile")).trim();
    await git.git(repository, "update-index", "--add", "--cacheinfo", `120000,${link},Link`);
    await git.git(repository, "commit", "--quiet", "--message", "a link");
    await expect(look(repository, { dockerfile: "Link" })).rejects.toThrow('"Link" is a link');
  });

  it.each([500, 503, 429])("is tried again when the server answers %i", async (status) => {
    await git.commit("broken", { Dockerfile: dockerfile });
    git.broken = { status };
    await expect(look("broken")).rejects.toMatchObject({ failure: "unavailable" });
  });

  it("does not follow where the server leads", async () => {
    await git.commit("moved", { Dockerfile: dockerfile });
    git.broken = { status: 302, headers: { location: "https://169.254.169.254/latest" } };
    await expect(look("moved")).rejects.toMatchObject({ failure: "refused" });
  });

  it("is refused without the authority of the server", async () => {
    await git.commit("foreign", { Dockerfile: dockerfile });
    const asked = lookAtRepository(
      { url: `${git.url}/foreign`, revision: "HEAD", subPath: undefined, dockerfile: "Dockerfile" },
      { access: {}, known: undefined, signal: AbortSignal.timeout(50_000) },
    );
    await expect(asked).rejects.toMatchObject({ failure: "refused" });
  });

  it.each(["https://127.0.0.1/a", "https://localhost/a", "https://169.254.169.254/a", "https://[::1]/a"])(
    "is never one at %s",
    async (url) => {
      await expect(look("", { url })).rejects.toMatchObject({ failure: "refused" });
    },
  );

  it("is given up when nobody wants it any more", async () => {
    await git.commit("given-up", { Dockerfile: dockerfile });
    const place = {
      url: `${git.url}/given-up`,
      revision: "HEAD",
      subPath: undefined,
      dockerfile: "Dockerfile",
    };
    const reason = new Error("given up");
    const asked = lookAtRepository(place, {
      access: {},
      known: undefined,
      signal: AbortSignal.abort(reason),
    });
    await expect(asked).rejects.toBe(reason);
  });
});
