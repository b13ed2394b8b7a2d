import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterFile } from "@datalayer/devcluster/testkit/cluster";
import { Image } from "@datalayer/shared/crds/image";
import { ConfigMap, Secret } from "@datalayer/shared/kube/kinds";
import { beforeAll, describe, expect, it } from "vitest";
import { GitServer, sha256Of } from "../test/git-server.ts";
import { packageSources, type RealBuilds, startRealBuilds } from "../test/real-builds.ts";
import { recordName, wish } from "./image/names.ts";
import { logIn } from "./logs/record.ts";
import type { IndexEntry } from "./registry/manifest.ts";

let real: RealBuilds;
let git: GitServer;
/** What the Dockerfiles build on. */
let debian: string;

beforeAll(async () => {
  real = await startRealBuilds();
  const { host, pipConf, admin, namespace } = real;
  debian = `${host}/datalayer/debian:bookworm`;
  git = await GitServer.start(host.replace(/:.*/, ""));
  git.isLocked = true;
  const stringData = { ...git.login, "ca.crt": git.ca };
  const metadata = { namespace, name: "git-login" };
  await admin.create(Secret, {
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/basic-auth",
    metadata,
    stringData,
  });
  await packageSources(real, {
    "pip.conf": pipConf,
    "ca.crt": git.ca,
    "apt.list": `deb [trusted=yes] ${await aptRepository("datalayer-greeting", "2.0")} ./\n`,
  });
  await real.launch({
    DATALAYER_IMAGES_ISOLATIONS: "rootless,privileged",
    DATALAYER_IMAGES_SBOM_GENERATOR_IMAGE: `${host}/scanner:latest`,
    DATALAYER_IMAGES_ALLOWED_REPOSITORIES: `${host},${host}/scanner`,
  });
});

/** A repository of Debian with one package, whose program `greet` says its version; its address. */
async function aptRepository(name: string, version: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "apt-repository-"));
  afterFile(() => rm(dir, { recursive: true, force: true }));
  const root = join(dir, "root");
  const control = `Package: ${name}\nVersion: ${version}\nArchitecture: all\nMaintainer: Test <t@example.org>\nDescription: a test\n`;
  await mkdir(join(root, "DEBIAN"), { recursive: true });
  await mkdir(join(root, "usr/bin"), { recursive: true });
  await writeFile(join(root, "DEBIAN/control"), control);
  await writeFile(join(root, "usr/bin/greet"), `#!/bin/sh\necho ${name} ${version}\n`, { mode: 0o755 });
  const file = `${name}_${version}_all.deb`;
  await promisify(execFile)("dpkg-deb", ["--root-owner-group", "--build", root, join(dir, file)]);
  const bytes = await readFile(join(dir, file));
  await git.file(`apt/${file}`, bytes);
  const entry = `${control}Filename: ./${file}\nSize: ${bytes.byteLength}\nSHA256: ${sha256Of(bytes)}\n\n`;
  return (await git.file("apt/Packages", entry)).replace("/Packages", "");
}

const imageOf = ({ status }: Image): string => status?.image ?? "";

describe("a source on a real node", () => {
  it("is a folder of a repository, fetched with its login in the Pod of the build", async () => {
    const dockerfile = `FROM ${debian}\nCOPY greeting /greeting\n`;
    const files = { "app/Dockerfile": dockerfile, "app/greeting": "from git", "other/file": "unused" };
    const commit = await git.commit("project", files);
    const url = `${git.url}/project`;
    const secretRef = { name: "git-login" };
    const { image } = await real.build("of-git", { source: { git: { url, subPath: "app", secretRef } } });
    expect(image.status?.source?.revision).toBe(commit);
    expect(await real.outputOf("of-git", imageOf(image), ["cat", "/greeting"])).toBe("from git");
    expect(JSON.stringify(image)).not.toContain(git.login.password);
  });

  it("is an archive with its checksum, and with another nothing is built", async () => {
    const files = { Dockerfile: `FROM ${debian}\nCOPY greeting /greeting\n`, greeting: "from an archive" };
    const { url, sha256 } = await git.archive("release", files);
    const archive = { url, sha256, stripComponents: 1 };
    const { image } = await real.build("of-archive", { source: { archive } });
    expect(await real.outputOf("of-archive", imageOf(image), ["cat", "/greeting"])).toBe("from an archive");
    await real.create("of-other", { source: { archive: { ...archive, sha256: "0".repeat(64) } } });
    const { status } = await real.phase("of-other", "Stalled");
    expect(status?.build?.logTail).toContain(sha256);
    expect(status?.image).toBeUndefined();
  });

  it("is an environment with packages of Debian and of Python, and a script that runs as its user", async () => {
    const base = `${real.host}/datalayer/python:3.11`;
    const postBuild = "id -u > /tmp/who\npython3 -c 'import humanize'\n";
    const { image } = await real.build("of-packages", {
      source: {
        environment: { base, apt: ["datalayer-greeting=2.0"], pip: ["humanize==4.17.0"], postBuild },
      },
    });
    expect(await real.outputOf("of-apt", imageOf(image), ["greet"])).toBe("datalayer-greeting 2.0\n");
    expect(await real.outputOf("of-user", imageOf(image), ["cat", "/tmp/who"])).toBe("1000\n");
  });
});

describe("attestations on a real node", () => {
  /** Lists the packages of Debian in the form that BuildKit asks of a generator. */
  const scanner = `set -eu
printf '{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://spdx.dev/Document","predicate":{"spdxVersion":"SPDX-2.3","packages":[' > "$BUILDKIT_SCAN_DESTINATION/sbom.spdx.json"
sed -n 's/^Package: \\(.*\\)$/{"name":"\\1"},/p' "$BUILDKIT_SCAN_SOURCE/var/lib/dpkg/status" >> "$BUILDKIT_SCAN_DESTINATION/sbom.spdx.json"
printf '{"name":"end"}]}}' >> "$BUILDKIT_SCAN_DESTINATION/sbom.spdx.json"
`;

  it("are in the registry, and hidden from clients that refuse an index", async () => {
    const { host } = real;
    const generator = `FROM ${debian}\nCOPY scan /scan\nENTRYPOINT ["sh", "/scan"]\n`;
    await real.build("scanner", {
      source: { inline: { dockerfile: generator, files: [{ path: "scan", content: scanner }] } },
      attest: { provenance: "off" },
    });
    const { image } = await real.build("attested", {
      source: { inline: { dockerfile: `FROM ${debian}\nRUN echo attested > /a\n` } },
      attest: { sbom: true, provenance: "max" },
    });
    const repository = real.registries.repository({ host, repository: "attested" });
    const { indexDigest = "" } = image.status ?? {};
    const index = await repository.manifest(indexDigest);
    const entries = index?.content.kind === "index" ? index.content.manifests : [];
    const predicates = await Promise.all(entries.map((entry) => predicatesOf(entry)));
    expect(predicates.flat().toSorted()).toEqual([
      "https://slsa.dev/provenance/v1",
      "https://spdx.dev/Document",
    ]);
    const tagged = await repository.manifest("latest");
    expect(tagged?.content.kind).toBe("image");
    expect(imageOf(image)).toBe(`${host}/attested@${tagged?.digest}`);
  });

  /** What the attestations of an entry of an index say. */
  async function predicatesOf({ digest }: IndexEntry): Promise<string[]> {
    const { body } = await fetchManifest(digest);
    return body.layers.flatMap(({ annotations }) => annotations?.["in-toto.io/predicate-type"] ?? []);
  }

  interface AttestationManifest {
    layers: { annotations?: Record<string, string> }[];
  }

  async function fetchManifest(digest: string): Promise<{ body: AttestationManifest }> {
    const manifest = await real.registries
      .repository({ host: real.host, repository: "attested" })
      .manifest(digest);
    return { body: JSON.parse(manifest?.bytes.toString() ?? "") as AttestationManifest };
  }
});

describe("a build on a real node", () => {
  it("is one of root where the administrator allows that, and the Image asks for it", async () => {
    const dockerfile = `FROM ${debian}\nRUN id -u > /who\n`;
    const build = { isolation: "privileged" as const };
    const { image } = await real.build("privileged", { source: { inline: { dockerfile } }, build });
    expect(await real.outputOf("privileged", imageOf(image), ["cat", "/who"])).toBe("0\n");
  });

  it("that is cancelled leaves what it has said", async () => {
    const { admin, namespace } = real;
    const dockerfile = `FROM ${debian}\nRUN echo has-begun && sleep 600\n`;
    const { metadata } = await real.create("cancelled", { source: { inline: { dockerfile } } });
    const { inputsHash = "", job = "" } = await real.said("cancelled", "has-begun");
    const value = { [wish.cancelled]: inputsHash };
    await admin.patch(Image, metadata, [{ op: "add", path: "/metadata/annotations", value }]);
    const { status } = await real.phase("cancelled", "Stalled");
    expect(status?.build?.reason).toBe("Cancelled");
    const log = logIn(await admin.get(ConfigMap, { namespace, name: recordName(job) }));
    expect(log).toMatch(/has-begun[^]*\[the build was ended: Cancelled\]\n$/);
  });
});
