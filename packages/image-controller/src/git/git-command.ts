import { spawn } from "node:child_process";
import { lookup } from "node:dns/promises";
import { writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { isForbiddenAddress } from "@datalayer/shared/http/forbidden-address";
import { GitError, gitErrorOf } from "./git-error.ts";
import { SizeGuard } from "./size-guard.ts";

/** Who may read a repository. */
export interface GitAccess {
  username?: string;
  password?: string;
  /** Authorities of the server, as PEM, in place of those that the system knows. */
  ca?: string;
}

const timeoutMs = 120_000;
/** Of one answer that is kept in memory. */
const longestOutputBytes = 4 * 1024 * 1024;
/** Of all that git writes: commits and folders, and one Dockerfile. */
const mostBytes = 512 * 1024 * 1024;

/**
 * Git with nothing of its own mind: its settings come by its environment, none from files or arguments. It speaks
 * HTTPS only, and only to the address that was checked, follows no redirect, runs no hook and asks nobody.
 */
export class GitCommand {
  readonly url: string;
  readonly #folder: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #signal: AbortSignal;

  private constructor(url: string, folder: string, environment: Record<string, string>, signal: AbortSignal) {
    this.url = url;
    this.#folder = folder;
    this.#environment = environment;
    this.#signal = signal;
  }

  /**
   * Makes one for a repository, and an empty folder that is its own.
   * @throws GitError when the repository may not be asked.
   */
  static async open(
    url: string,
    access: GitAccess,
    { folder, signal }: { folder: string; signal: AbortSignal },
  ): Promise<GitCommand> {
    const settings = { ...(await settingsOf(new URL(url), access)) };
    if (access.ca !== undefined) {
      const path = join(folder, "ca.crt");
      await writeFile(path, access.ca);
      settings["http.sslCAInfo"] = path;
    }
    return new GitCommand(url, folder, environmentOf(settings), signal);
  }

  /**
   * Runs git in its folder; answers with what it prints.
   * @throws GitError with its last words.
   */
  async run(...args: string[]): Promise<string> {
    const { code, output, said } = await this.attempt(...args);
    if (code !== 0) throw gitErrorOf(said, this.url);
    return output;
  }

  /** The same, where failing is an answer. */
  async attempt(...args: string[]): Promise<{ code: number | null; output: string; said: string }> {
    const size = new SizeGuard(this.#folder, mostBytes);
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(timeoutMs), size.signal]);
    const child = spawn("git", args, {
      cwd: this.#folder,
      env: this.#environment,
      stdio: ["ignore", "pipe", "pipe"],
      signal,
      killSignal: "SIGKILL",
    });
    const [output, said] = [collect(child.stdout), collect(child.stderr)];
    const { promise, resolve, reject } = Promise.withResolvers<number | null>();
    child.on("close", resolve);
    child.on("error", reject);
    try {
      const code = await promise;
      return { code, output: output(), said: said() };
    } catch (error) {
      this.#signal.throwIfAborted();
      if (size.signal.aborted)
        throw new GitError("refused", `${this.url}: the repository is too large to be looked at`);
      if (signal.aborted)
        throw new GitError("unavailable", `${this.url}: git did not end within ${timeoutMs / 1000} s`);
      throw error;
    } finally {
      size.stop();
    }
  }
}

/** Keeps what a stream brings, up to a limit; the rest is lost. */
function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => {
    bytes += chunk.byteLength;
    if (bytes <= longestOutputBytes) chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString("utf8");
}

async function settingsOf(url: URL, access: GitAccess): Promise<Record<string, string>> {
  const { hostname, port } = url;
  const host = hostname.replace(/^\[|\]$/g, "");
  const addresses = await addressesOf(host);
  const { username = "git", password } = access;
  const login =
    password === undefined ? undefined : Buffer.from(`${username}:${password}`).toString("base64");
  return {
    "protocol.allow": "never",
    "protocol.https.allow": "always",
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.askPass": "",
    "credential.helper": "",
    "submodule.recurse": "false",
    "transfer.fsckObjects": "true",
    // Mistakes in the history of many honest repositories.
    "fetch.fsck.missingSpaceBeforeDate": "warn",
    "fetch.fsck.badTimezone": "warn",
    "fetch.fsck.zeroPaddedFilemode": "warn",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "http.followRedirects": "false",
    "http.sslVerify": "true",
    "http.proxy": "",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "30",
    // Pinned: a name that resolves anew would not be the address that was checked.
    ...(isIP(host) === 0 && {
      "http.curloptResolve": `${host}:${port === "" ? "443" : port}:${addresses.map(bracketed).join(",")}`,
    }),
    // For this server alone.
    ...(login !== undefined && { [`http.${url.origin}/.extraHeader`]: `Authorization: Basic ${login}` }),
  };
}

/** @throws GitError when the host is not there, or is one that nobody may have asked. */
async function addressesOf(host: string): Promise<string[]> {
  const found = isIP(host) > 0 ? [{ address: host }] : await lookup(host, { all: true }).catch(() => []);
  const addresses = found.map(({ address }) => address);
  if (addresses.length === 0) throw new GitError("unavailable", `${host}: the name of the host is not known`);
  if (addresses.some(isForbiddenAddress))
    throw new GitError("refused", `${host} is an address from which repositories are never read`);
  return addresses;
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

function environmentOf(settings: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(settings);
  return {
    PATH: "/usr/local/bin:/usr/bin:/bin",
    HOME: "/nonexistent",
    LANG: "C.UTF-8",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ALLOW_PROTOCOL: "https",
    GIT_CONFIG_COUNT: String(entries.length),
    ...Object.fromEntries(
      entries.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  };
}
