import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, readlink, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addPodAddress, type PodAddress } from "@datalayer/devcluster/pod-address";
import { makeCertificate } from "@datalayer/devcluster/testkit/certificate";
import { execa } from "execa";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

const program = join(import.meta.dirname, "fetch.py");
const port = 8443;

let place: PodAddress;
let server: Server;
let folder: string;
let archives: Map<string, Buffer>;
/** Where the server sends whoever asks for a path. */
let moved: Map<string, string>;

beforeAll(async () => {
  place = await addPodAddress();
  folder = await mkdtemp(join(tmpdir(), "archive-test-"));
  const { key, cert } = await makeCertificate({ ip: place.address, name: "archive.test" });
  await mkdir(join(folder, "secrets"));
  await writeFile(join(folder, "secrets", "ca.crt"), cert);
  server = createServer({ key, cert }, ({ url = "" }, answer) => {
    const location = moved.get(url);
    const found = archives.get(url);
    if (location !== undefined) answer.writeHead(302, { location }).end();
    else answer.writeHead(found ? 200 : 404).end(found);
  });
  server.listen(port, place.address);
  await once(server, "listening");
});
beforeEach(async () => {
  archives = new Map();
  moved = new Map();
  await rm(join(folder, "content"), { recursive: true, force: true });
  await mkdir(join(folder, "content"));
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
  await place.remove();
  await rm(folder, { recursive: true });
});

const tree = (...path: string[]): string => join(folder, "content", "tree", ...path);

/** Has an archive fetched that the server has at a path. */
async function fetchArchive(path: string, content: Record<string, string> = {}) {
  const sha256 = createHash("sha256")
    .update(archives.get(path) ?? "")
    .digest("hex");
  const given = { SOURCE: `https://${place.address}:${port}${path}`, SHA256: sha256, ...content };
  const variables = { KIND: "Image", NAME: "jupyter", TYPE: "archive", ...given };
  const env = Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [`DATALAYER_CONTENT_${name}`, value]),
  );
  const own = {
    DATALAYER_CONTENT_FOLDER: join(folder, "content"),
    DATALAYER_CONTENT_SECRETS: join(folder, "secrets"),
  };
  return execa("python3", [program], { env: { ...env, ...own }, reject: false });
}

/** An archive that Python writes as it is told: also one that no tar program would write. */
async function archive(members: object[], mode = "w:gz"): Promise<Buffer> {
  const script = `
import io, json, sys, tarfile
target = io.BytesIO()
with tarfile.open(fileobj=target, mode=sys.argv[2]) as archive:
    for fields in json.loads(sys.argv[1]):
        text = fields.pop("text", "").encode()
        member = tarfile.TarInfo(fields.pop("name"))
        member.size = len(text)
        for name, value in fields.items():
            setattr(member, name, value.encode() if name == "type" else value)
        archive.addfile(member, io.BytesIO(text))
sys.stdout.buffer.write(target.getvalue())`;
  const made = await execa("python3", ["-c", script, JSON.stringify(members), mode], { encoding: "buffer" });
  return Buffer.from(made.stdout);
}

const file = (name: string, text = "x", more: object = {}): object => ({ name, text, ...more });
const symlink = (name: string, linkname: string): object => ({ name, linkname, type: "2" });
const hardlink = (name: string, linkname: string): object => ({ name, linkname, type: "1" });

describe("the fetcher of archives", () => {
  it.each(["w", "w:gz", "w:bz2", "w:xz"])("unpacks one that is written by %s", async (mode) => {
    archives.set(
      "/a",
      await archive([file("top/Dockerfile", "FROM a"), symlink("top/link", "Dockerfile")], mode),
    );
    const { stderr, exitCode } = await fetchArchive("/a", { STRIP: "1", SUB_PATH: "" });
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    expect(await readFile(tree("Dockerfile"), "utf8")).toBe("FROM a");
    expect(await readlink(tree("link"))).toBe("Dockerfile");
  });

  it("gives files to itself, without bits that give rights", async () => {
    archives.set(
      "/a",
      await archive([file("tool", "x", { mode: 0o6777, uid: 0 }), file("text", "x", { mode: 0o666 })]),
    );
    await fetchArchive("/a");
    expect((await stat(tree("tool"))).mode & 0o7777).toBe(0o755);
    expect((await stat(tree("text"))).mode & 0o7777).toBe(0o644);
  });

  it("follows redirects to servers that it may ask", async () => {
    archives.set("/there", await archive([file("a")]));
    moved.set("/here", "/there");
    const SHA256 = createHash("sha256").update(archives.get("/there")!).digest("hex");
    expect((await fetchArchive("/here", { SHA256 })).exitCode).toBe(0);
    moved.set("/here", "https://169.254.169.254/latest");
    expect((await fetchArchive("/here", { SHA256 })).stderr).toContain("AddressRefused");
    moved.set("/here", "http://archive.test/a");
    expect((await fetchArchive("/here", { SHA256 })).stderr).toContain("SourceRefused");
    moved.set("/here", "/here");
    expect((await fetchArchive("/here", { SHA256 })).stderr).toContain("leads on more than 3 times");
  });

  it.each<[string, object[], string]>([
    ["a file above the folder", [file("../evil")], "../evil leads out of the folder"],
    ["an absolute file", [file("/tmp/evil")], "/tmp/evil leads out of the folder"],
    ["a link out of the folder", [symlink("a", "../../etc")], "a links to ../../etc, out of the folder"],
    ["an absolute link", [symlink("a", "/etc/passwd")], "a links to /etc/passwd, out of the folder"],
    ["a hard link out of the folder", [hardlink("a", "../evil")], "a links to ../evil, out of the folder"],
    ["a file behind a link", [symlink("a", "b"), file("a/evil")], "a/evil lies behind a link"],
    ["a device", [{ name: "null", type: "3" }], "null is neither file, folder nor link"],
    ["a pipe", [{ name: "pipe", type: "6" }], "pipe is neither file, folder nor link"],
  ])("refuses %s", async (_, members, message) => {
    archives.set("/a", await archive(members));
    const { stderr, exitCode } = await fetchArchive("/a");
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`Image jupyter: ArchiveRefused: ${message}`);
  });

  it("does not write through a link", async () => {
    const way = [{ name: "x", type: "5" }, symlink("x/y", ".."), symlink("z", "x/y/../../outside")];
    archives.set("/a", await archive([...way, file("z", "written")]));
    expect((await fetchArchive("/a")).exitCode).toBe(0);
    expect(await readFile(tree("z"), "utf8")).toBe("written");
    await expect(stat(join(folder, "outside"))).rejects.toThrow("ENOENT");
  });

  it.each([
    ["of another hash", { SHA256: "0".repeat(64) }, "HashMismatch: the archive has the SHA-256"],
    ["of a hash that is none", { SHA256: "--version" }, "HashRefused"],
    ["that is not there", { SOURCE: "" }, "SourceRefused"],
    ["without the folder that is wanted", { SUB_PATH: "b" }, "SubPathNotFound: b"],
    ["whose folder is above", { SUB_PATH: "../.." }, "SubPathRefused"],
  ])("refuses one %s", async (_, content, message) => {
    archives.set("/a", await archive([file("a")]));
    expect((await fetchArchive("/a", content)).stderr).toContain(message);
  });

  it("refuses what is no archive, and what is not there", async () => {
    archives.set("/a", Buffer.from("canary"));
    expect((await fetchArchive("/a")).stderr).toContain("ArchiveRefused: it is no tar archive");
    expect((await fetchArchive("/b")).stderr).toContain(`SourceNotFound: ${place.address} answers 404`);
  });

  it("refuses a server of another authority", async () => {
    archives.set("/a", await archive([file("a")]));
    await rm(join(folder, "secrets", "ca.crt"));
    expect((await fetchArchive("/a")).stderr).toContain(`CertificateRefused: ${place.address}`);
  });
});
