import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type GitAccess, GitCommand } from "./git-command.ts";
import { GitError } from "./git-error.ts";

/** What of a repository is looked at. */
export interface GitPlace {
  url: string;
  /** Branch, tag or commit; `HEAD` for the default branch. */
  revision: string;
  /** Folder that is built; all of it without. */
  subPath: string | undefined;
  /** The Dockerfile, below the folder. */
  dockerfile: string;
}

/** What was there. */
export interface GitLook {
  commit: string;
  /** Id of the folder: the same as long as nothing in it changes. */
  tree: string;
  /** When the commit was made, in seconds since 1970. */
  committedAt: number;
  /** Text of the Dockerfile. */
  dockerfile: string;
}

const commitForm = /^[0-9a-f]{40}$/;
/** A Dockerfile is read by people. */
const longestDockerfileBytes = 1024 * 1024;

/** With what it is looked at. */
export interface GitLookOptions {
  access: GitAccess;
  /** What was there before: when the commit is the same, so is the answer. */
  known: GitLook | undefined;
  /** Where a folder is made for the time of the look. Default: that of the system. */
  workFolder?: string;
  signal: AbortSignal;
}

/**
 * Looks at a repository: which commit a revision is now, and what its folder and its Dockerfile are there. Fetches the
 * commit and its folders, and of all files the Dockerfile alone.
 *
 * @throws GitError
 */
export async function lookAtRepository(
  place: GitPlace,
  { access, known, workFolder = tmpdir(), signal }: GitLookOptions,
): Promise<GitLook> {
  const folder = await mkdtemp(join(workFolder, "git-look-"));
  try {
    const git = await GitCommand.open(place.url, access, { folder, signal });
    const { commit, ref } = await findCommit(git, place);
    if (known?.commit === commit) return known;
    await fetchCommit(git, commit, ref);
    const tree = await treeOf(git, commit, place);
    const dockerfile = await dockerfileOf(git, commit, place);
    const committedAt = Number((await git.run("log", "-1", "--format=%ct", commit)).trim());
    return { commit, tree, committedAt, dockerfile };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A branch goes before a tag of the same name, as when git itself checks one out. */
async function findCommit(
  git: GitCommand,
  { revision }: GitPlace,
): Promise<{ commit: string; ref?: string }> {
  if (commitForm.test(revision)) return { commit: revision };
  const names = revision === "HEAD" ? ["HEAD"] : [`refs/heads/${revision}`, `refs/tags/${revision}`];
  const wanted = names.flatMap((name) => [`${name}^{}`, name]);
  const output = await git.run("ls-remote", "--", git.url, ...names.flatMap((name) => [name, `${name}^{}`]));
  const found = new Map(
    output.split("\n").flatMap((line) => {
      const [id = "", ref = ""] = line.split("\t");
      return commitForm.test(id) ? [[ref, id] as const] : [];
    }),
  );
  for (const ref of wanted) {
    const commit = found.get(ref);
    if (commit !== undefined) return { commit, ref: ref.replace("^{}", "") };
  }
  throw new GitError("not-found", `${git.url} has no branch and no tag "${revision}"`);
}

/** The commit alone where the server gives it, else the branch or tag, else all of them. */
async function fetchCommit(git: GitCommand, commit: string, ref: string | undefined): Promise<void> {
  await git.run("init", "--quiet", "--bare", "--template=", ".");
  await git.run("remote", "add", "origin", git.url);
  const common = [
    "fetch",
    "--quiet",
    "--no-recurse-submodules",
    "--no-write-fetch-head",
    "--filter=blob:none",
  ];
  const alone = await git.attempt(...common, "--no-tags", "--depth=1", "--", "origin", commit);
  if (alone.code === 0) return;
  const all = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];
  if (ref !== undefined) await git.run(...common, "--no-tags", "--depth=1", "--", "origin", ref);
  else await git.run(...common, "--", "origin", ...all);
  const found = await git.attempt("cat-file", "-e", `${commit}^{commit}`);
  if (found.code !== 0) throw new GitError("not-found", `${git.url} has no commit ${commit}`);
}

async function treeOf(git: GitCommand, commit: string, { subPath }: GitPlace): Promise<string> {
  const path = subPath ?? "";
  const found = await git.attempt(
    "rev-parse",
    "--verify",
    "--quiet",
    "--end-of-options",
    `${commit}:${path}`,
  );
  const id = found.output.trim();
  const type = id === "" ? "" : (await git.attempt("cat-file", "-t", id)).output.trim();
  if (type === "tree") return id;
  throw new GitError("not-found", `${git.url} has no folder "${path}" at ${commit}`);
}

async function dockerfileOf(git: GitCommand, commit: string, place: GitPlace): Promise<string> {
  const path = [place.subPath, place.dockerfile].filter((part) => part !== undefined).join("/");
  const listed = await git.run("ls-tree", "-z", "--full-tree", commit, "--", path);
  const [, mode, id] = /^(\d{6}) blob ([0-9a-f]{40})\t/.exec(listed) ?? [];
  if (id === undefined) throw new GitError("not-found", `${git.url} has no file "${path}" at ${commit}`);
  if (mode === "120000")
    throw new GitError("refused", `${git.url}: "${path}" is a link; expected a Dockerfile`);
  const size = Number(await git.run("cat-file", "-s", id));
  if (size > longestDockerfileBytes)
    throw new GitError(
      "refused",
      `${git.url}: "${path}" has ${size} bytes; expected a Dockerfile of up to 1 MiB`,
    );
  return git.run("cat-file", "blob", id);
}
