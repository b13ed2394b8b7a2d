import { createHash } from "node:crypto";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { makeCertificate } from "@datalayer/devcluster/testkit/certificate";
import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { podAddress } from "@datalayer/devcluster/testkit/pod-address";

const port = 8443;
const filesFolder = "files";
const author = { NAME: "t", EMAIL: "t@example.org", DATE: "2026-01-01T00:00:00Z" };

/** A real git server over HTTPS, with repositories that the test writes. */
export class GitServer {
  /** `https://address:port` */
  readonly url: string;
  readonly ca: string;
  readonly login = { username: "reader", password: "canary-git-password" };
  /** Whether the login is asked for. */
  isLocked = false;
  /** Answers instead of the repository, for a while. */
  broken: { status: number; headers?: Record<string, string> } | undefined;
  /** What its answers had in their bodies, in all. */
  bytesSent = 0;
  /** Paths that were asked, the oldest first. */
  readonly asked: string[] = [];
  readonly #root: string;

  private constructor(url: string, ca: string, root: string) {
    this.url = url;
    this.ca = ca;
    this.#root = root;
  }

  /** Starts it; ended after the test file. It has an address of its own unless told one. */
  static async start(at?: string): Promise<GitServer> {
    const address = at ?? (await podAddress());
    const { key, cert } = await makeCertificate({ ip: address, name: "git.test" });
    const root = await mkdtemp(join(tmpdir(), "git-server-"));
    const git = new GitServer(`https://${address}:${port}`, cert, root);
    const server: Server = createServer({ key, cert }, (asked, answer) => void git.#serve(asked, answer));
    server.listen(port, address);
    await once(server, "listening");
    afterFile(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      await rm(root, { recursive: true, force: true });
    });
    return git;
  }

  /** Writes files and commits them to `main`, in a repository that is made when it is not there; the commit. */
  async commit(repository: string, files: Readonly<Record<string, string>>): Promise<string> {
    const folder = join(this.#root, repository);
    await mkdir(folder, { recursive: true });
    await this.git(repository, "init", "--quiet", "--initial-branch=main");
    await this.git(repository, "config", "uploadpack.allowFilter", "true");
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
    await this.git(repository, "add", "--all");
    await this.git(repository, "commit", "--quiet", "--allow-empty", "--message", "a commit");
    return (await this.git(repository, "rev-parse", "HEAD")).trim();
  }

  /** Puts an archive of these files where it can be downloaded; its address, and its checksum. */
  async archive(
    name: string,
    files: Readonly<Record<string, string>>,
  ): Promise<{ url: string; sha256: string }> {
    await this.commit(name, files);
    const bytes = await this.#run(name, ["archive", "--format=tar.gz", `--prefix=${name}/`, "HEAD"]);
    return { url: await this.file(`${name}.tar.gz`, bytes), sha256: sha256Of(bytes) };
  }

  /** Puts a file where it can be downloaded; its address. */
  async file(path: string, content: Buffer | string): Promise<string> {
    const target = join(this.#root, filesFolder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
    return `${this.url}/${filesFolder}/${path}`;
  }

  /** Runs git in a repository. */
  async git(repository: string, ...args: string[]): Promise<string> {
    return (await this.#run(repository, args)).toString();
  }

  async #run(repository: string, args: readonly string[]): Promise<Buffer> {
    const names = Object.entries(author).flatMap(([what, value]) =>
      ["AUTHOR", "COMMITTER"].map((who) => [`GIT_${who}_${what}`, value] as const),
    );
    const env = { PATH: "/usr/bin:/bin", HOME: "/nonexistent", ...Object.fromEntries(names) };
    const child = spawn("git", args, { cwd: join(this.#root, repository), env });
    const ended = once(child, "close") as Promise<[code: number | null]>;
    const [output, said, [code]] = await Promise.all([buffer(child.stdout), buffer(child.stderr), ended]);
    if (code !== 0) throw new Error(`git ${args.join(" ")}: ${said.toString()}`);
    return output;
  }

  async #serve(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { url = "", headers } = asked;
    this.asked.push(url);
    const body = await buffer(asked);
    const basic = Buffer.from(`${this.login.username}:${this.login.password}`).toString("base64");
    if (url.startsWith(`/${filesFolder}/`)) return this.#download(url, answer);
    if (this.broken) answer.writeHead(this.broken.status, this.broken.headers).end();
    else if (this.isLocked && headers.authorization !== `Basic ${basic}`)
      answer.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end();
    else await this.#backend(asked, body, answer);
  }

  async #download(url: string, answer: ServerResponse): Promise<void> {
    const content = await readFile(join(this.#root, url)).catch(() => undefined);
    answer.writeHead(content ? 200 : 404).end(content);
  }

  async #backend({ url = "", method, headers }: IncomingMessage, body: Buffer, answer: ServerResponse) {
    const [path = "", query = ""] = url.split("?");
    const child = spawn("git", ["http-backend"], {
      env: {
        PATH: "/usr/bin:/bin",
        HOME: "/nonexistent",
        GIT_PROJECT_ROOT: this.#root,
        GIT_HTTP_EXPORT_ALL: "1",
        PATH_INFO: path,
        QUERY_STRING: query,
        REQUEST_METHOD: method,
        CONTENT_TYPE: headers["content-type"],
        GIT_PROTOCOL: String(headers["git-protocol"] ?? ""),
        HTTP_CONTENT_ENCODING: headers["content-encoding"],
      },
    });
    // It may have ended before it has read a body that it has no use for.
    child.stdin.on("error", () => undefined);
    child.stdin.end(body);
    const output = await buffer(child.stdout);
    const end = output.indexOf("\r\n\r\n");
    const lines = output.subarray(0, end).toString().split("\r\n");
    const fields = new Map(lines.map((line) => line.split(": ", 2) as [string, string]));
    const status = Number(fields.get("Status")?.split(" ")[0] ?? 200);
    fields.delete("Status");
    const content = output.subarray(end + 4);
    this.bytesSent += content.byteLength;
    answer.writeHead(status, Object.fromEntries(fields)).end(content);
  }
}

/** SHA-256, in hexadecimal digits. */
export function sha256Of(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
