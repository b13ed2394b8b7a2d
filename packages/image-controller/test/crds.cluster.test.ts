import { readFile } from "node:fs/promises";
import { useCluster } from "@datalayer/devcluster/testkit/cluster";
import { Image, type ImageSource } from "@datalayer/shared/crds/image";
import { loadAccess } from "@datalayer/shared/kube/access";
import { RestClient } from "@datalayer/shared/kube/rest";
import { refusalOf, sendStrictly } from "@datalayer/shared/kube/testkit/admission";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { imageManifest, inline } from "./builders.ts";
import { installKind } from "./install-kind.ts";

let admin: RestClient;

beforeAll(async () => {
  const { kubeconfigPath } = await useCluster();
  admin = new RestClient({ access: loadAccess({ kubeconfigPath }), userAgent: "test", fieldManager: "test" });
  await installKind(admin);
});
afterAll(() => admin.close());

const send = (spec: object): Promise<unknown> =>
  sendStrictly(admin, Image, JSON.stringify(imageManifest("default", "hostile", spec)), {
    namespace: "default",
  });

const git = (more: object): object => ({ source: { git: { url: "https://git.example/a", ...more } } });
const archive = (more: object): object => ({
  source: { archive: { url: "https://files.example/a.tar", sha256: "0".repeat(64), ...more } },
});
const environment = (more: object): object => ({
  source: { environment: { base: "r.example/a:1", ...more } },
});

describe("the API server refuses an Image", () => {
  it.each<[string, string, object]>([
    ["no source", "spec.source", { source: {} }],
    ["two sources", "spec.source", { source: { ...inline, ...(git({}) as { source: ImageSource }).source } }],
    ["a folder out of the repository", "spec.source.git.subPath", git({ subPath: "../.." })],
    ["an absolute folder", "spec.source.git.subPath", git({ subPath: "/etc" })],
    ["a repository that is a file", "spec.source.git.url", git({ url: "file:///etc" })],
    ["a repository of another program", "spec.source.git.url", git({ url: "ext::sh -c id" })],
    ["credentials in an address", "spec.source.git.url", git({ url: "https://a:b@git.example/a" })],
    ["an option as a revision", "spec.source.git.revision", git({ revision: "--upload-pack=id" })],
    ["half a commit", "spec.source.git.revision", git({ revision: "0".repeat(39) })],
    ["a Dockerfile out of the folder", "spec.source.git.dockerfile", git({ dockerfile: "../Dockerfile" })],
    ["an archive without TLS", "spec.source.archive.url", archive({ url: "http://files.example/a.tar" })],
    ["a short hash of an archive", "spec.source.archive.sha256", archive({ sha256: "00" })],
    ["an option of pip", "spec.source.environment.pip[0]", environment({ pip: ["a --index-url=x"] })],
    ["a command in a package", "spec.source.environment.apt[0]", environment({ apt: ["git;id"] })],
    ["root as the user", "spec.source.environment.uid", environment({ uid: 0 })],
    [
      "arguments of an environment",
      "spec.build",
      { ...environment({}), build: { args: [{ name: "A", value: "1" }] } },
    ],
    [
      "upper case in the destination",
      "spec.output.repository",
      { output: { repository: "r.example/Team/App" } },
    ],
    ["a tag in the destination", "spec.output.repository", { output: { repository: "r.example/app:1" } }],
    [
      "a digest in the destination",
      "spec.output.repository",
      { output: { repository: "r.example/app@sha256:0" } },
    ],
    [
      "credentials in the destination",
      "spec.output.repository",
      { output: { repository: "a:b@r.example/app" } },
    ],
    [
      "ten thousand tags",
      "spec.output.tags",
      { output: { tags: Array.from({ length: 10_000 }, (_, i) => `t${i}`) } },
    ],
    ["a tag of the operator", "spec.output.tags[0]", { output: { tags: ["h-0123456789abcdef"] } }],
    [
      "a template that names every build alike",
      "spec.output.tagTemplate",
      { output: { tagTemplate: "latest" } },
    ],
    [
      "a line break in an argument",
      "spec.build.args[0].value",
      { build: { args: [{ name: "A", value: "1\nRUN id" }] } },
    ],
    [
      "a reserved argument",
      "spec.build.args[0].name",
      { build: { args: [{ name: "BUILDKIT_SYNTAX", value: "x" }] } },
    ],
    [
      "a hundred platforms",
      "spec.build.platforms",
      { build: { platforms: Array.from({ length: 100 }, () => "linux/amd64") } },
    ],
    ["an unknown platform", "spec.build.platforms[0]", { build: { platforms: ["windows/amd64"] } }],
    ["no time", "spec.build.timeout", { build: { timeout: "0s" } }],
    ["time without end", "spec.build.timeout", { build: { timeout: "inf" } }],
    ["infinite CPU", "spec.build.resources.cpu", { build: { resources: { cpu: "1e400" } } }],
    ["negative memory", "spec.build.resources.memory", { build: { resources: { memory: "-1Gi" } } }],
    ["the network of the node", "network", { build: { network: "host" } }],
    ["an entitlement", "entitlements", { build: { entitlements: ["security.insecure"] } }],
    ["a poll each second", "spec.triggers.git.interval", { triggers: { git: { interval: "1s" } } }],
    [
      "a secret of the operator",
      "spec.build.secrets[0].id",
      { build: { secrets: [{ id: "datalayer.pip.conf", name: "a", key: "b" }] } },
    ],
  ])("with %s", async (_, path, spec) => {
    expect(await refusalOf(send(spec))).toContain(path);
  });

  it("and takes the same without these", async () => {
    await Promise.all([send({}), send(git({})), send(archive({})), send(environment({ pip: ["a==1"] }))]);
  });
});

it("admits the published example", async () => {
  const example = await readFile(new URL("../../../examples/image.yaml", import.meta.url), "utf8");
  const { metadata, ...rest } = parse(example) as Image;
  const manifest = JSON.stringify({ ...rest, metadata: { ...metadata, namespace: "default" } });
  await expect(sendStrictly(admin, Image, manifest, { namespace: "default" })).resolves.toBeDefined();
});
