import { readFileSync } from "node:fs";
import { testNamespace, useCluster } from "@datalayer/devcluster/testkit/cluster";
import { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { loadAccess } from "@datalayer/shared/kube/access";
import type { Kind, KubeObject } from "@datalayer/shared/kube/object";
import { RestClient } from "@datalayer/shared/kube/rest";
import { refusalOf, sendStrictly } from "@datalayer/shared/kube/testkit/admission";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { environmentManifest, poolManifest } from "./builders.ts";
import { installChart } from "./manifests.ts";

let admin: RestClient;
let namespace: string;

beforeAll(async () => {
  const { kubeconfigPath } = await useCluster();
  namespace = await testNamespace();
  admin = new RestClient({ access: loadAccess({ kubeconfigPath }), userAgent: "test", fieldManager: "test" });
  await installChart(admin, namespace);
});

afterAll(() => admin.close());

type Fields = Record<string, unknown>;

/** Sends a manifest as `kubectl apply` does, strictly, and stores nothing. `text` is JSON. */
function send(kind: Kind, text: string, query?: string): Promise<unknown> {
  return sendStrictly(admin, kind, text, { namespace, query });
}

const manifests: Record<
  string,
  (spec: Fields) => { kind: Kind; manifest: { metadata: object; spec: object } }
> = {
  content: (spec) => {
    const { apiVersion, kind } = RuntimeContent;
    const metadata = { name: "test", namespace };
    const source = "https://example.com/repository.git";
    const manifest = { apiVersion, kind, metadata, spec: { type: "git", source, ...spec } };
    return { kind: RuntimeContent, manifest };
  },
  environment: (spec) => {
    const manifest = environmentManifest(namespace, { name: "test" });
    return { kind: RuntimeEnvironment, manifest: { ...manifest, spec: { ...manifest.spec, ...spec } } };
  },
  pool: (spec) => {
    const manifest = poolManifest(namespace, { name: "test" });
    return { kind: RuntimePool, manifest: { ...manifest, spec: { ...manifest.spec, ...spec } } };
  },
};

/** Sends an object of that kind with these fields in its spec. */
function create(what: string, spec: Fields, metadata: Fields = {}): Promise<unknown> {
  const { kind, manifest } = manifests[what]!(spec);
  return send(kind, JSON.stringify({ ...manifest, metadata: { ...manifest.metadata, ...metadata } }));
}

const limits = (resources: Fields): Fields => ({ resourcesRanges: { default: { limits: resources } } });
const env = (...entries: [string, unknown][]): Fields => ({
  env: entries.map(([name, value]) => ({ name, value })),
});
const mounts = (...paths: string[]): Fields => ({
  contents: paths.map((mount, index) => ({ name: `content-${index}`, mount })),
});
const term = { matchExpressions: [{ key: "k", operator: "Exists" }] };

describe("the published examples", () => {
  const folder = new URL("../../../examples/", import.meta.url);
  const files = [
    "python-simple.yaml",
    "contents.yaml",
    "environment-complete.yaml",
    "gpu-pool.yaml",
    "published/runtime-contents.yaml",
    "published/runtime-environments.yaml",
    "published/runtime-pools.yaml",
  ];
  const kinds: Kind[] = [RuntimeContent, RuntimeEnvironment, RuntimePool];
  const documents = files.flatMap((file) =>
    parseAllDocuments(readFileSync(new URL(file, folder), "utf8")).map(
      (document) => document.toJS() as KubeObject,
    ),
  );
  const objects = documents.filter((object) => kinds.some(({ kind }) => kind === object.kind));

  it.each(objects.map((object) => [object.kind, object.metadata.name, object] as const))(
    "apply under strict validation: %s %s",
    async (kind, _, object) => {
      const metadata = { ...object.metadata, namespace };
      const sent = JSON.stringify({ ...object, metadata });
      await expect(
        send(
          kinds.find((one) => one.kind === kind)!,
          sent,
        ),
      ).resolves.toMatchObject({ kind });
    },
  );
});

describe("a RuntimePool is refused with", () => {
  const table: [string, Fields, string][] = [
    ["a size below 0", { size: -1 }, "spec.size"],
    ["a size of 2^31", { size: 2 ** 31 }, "spec.size"],
    ["a size beyond the limit", { size: 5001 }, "spec.size"],
    ["half a runtime", { size: 1.5 }, "spec.size"],
    ["a size as text", { size: "3" }, "spec.size"],
    ["a burning rate below 0", { burningRate: -1 }, "spec.burningRate"],
    ["a burning rate of 1e308", { burningRate: 1e308 }, "spec.burningRate"],
    ["a burning rate that is text", { burningRate: "NaN" }, "spec.burningRate"],
    ["a negative idle time", { cull: { seconds: -1 } }, "spec.cull.seconds"],
    ["an idle time of 2^62", { cull: { seconds: 2 ** 62 } }, "spec.cull.seconds"],
    ["an empty environment", { environment: "" }, "spec.environment"],
    ["an environment with a line break", { environment: "a\nb" }, "spec.environment"],
    ["a CPU of 1e400", { resources: { limits: { cpu: "1e400" } } }, "spec.resources.limits.cpu"],
    ["a negative memory", { resources: { limits: { memory: "-1Gi" } } }, "spec.resources.limits.memory"],
    [
      "half a GPU",
      { resources: { limits: { "nvidia.com/gpu": "0.5" } } },
      "spec.resources.limits.nvidia.com/gpu",
    ],
    [
      "more CPU requested than allowed",
      { resources: { requests: { cpu: "2" }, limits: { cpu: "1500m" } } },
      "spec.resources.requests.cpu",
    ],
    [
      "more memory requested than allowed",
      { resources: { requests: { memory: "2Gi" }, limits: { memory: "1Gi" } } },
      "spec.resources.requests.memory",
    ],
    [
      "more GPUs requested than allowed",
      { resources: { requests: { "nvidia.com/gpu": "2" }, limits: { "nvidia.com/gpu": "1" } } },
      "spec.resources.requests",
    ],
    [
      "1,000 affinity terms",
      {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: Array(1000).fill(term) },
          },
        },
      },
      "nodeSelectorTerms",
    ],
    [
      "10,000 tolerations",
      { tolerations: Array(10_000).fill({ key: "k", operator: "Exists" }) },
      "spec.tolerations",
    ],
    [
      "100 node labels",
      { nodeSelector: Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`k${index}`, "v"])) },
      "spec.nodeSelector",
    ],
    ["a node label that cannot be one", { nodeSelector: { "a b": "v" } }, "spec.nodeSelector"],
    ["a value that no node label can have", { nodeSelector: { a: "-" } }, "spec.nodeSelector"],
    ["an unknown effect", { tolerations: [{ effect: "NoSchedul" }] }, "spec.tolerations[0].effect"],
    ["an unknown operator", { tolerations: [{ operator: "Exist" }] }, "spec.tolerations[0].operator"],
    ["a path of the host", { volumes: [{ hostPath: { path: "/" } }] }, "spec.volumes"],
    ["the PID namespace of the host", { hostPID: true }, "spec.hostPID"],
    ["a foreign ServiceAccount", { serviceAccountName: "admin" }, "spec.serviceAccountName"],
    ["a key that pollutes prototypes", { constructor: { prototype: {} } }, "spec.constructor"],
    ["null where a list is", { tolerations: [null] }, "spec.tolerations[0]"],
  ];
  it.each(table)("%s", async (_, spec, path) => {
    expect(await refusalOf(create("pool", spec))).toContain(path);
  });

  it.each([
    ["2^53+1", '{"size":9007199254740993}', "spec.size"],
    ["1e999", '{"burningRate":1e999}', ""],
    ["__proto__", '{"__proto__":{"size":1}}', "spec.__proto__"],
    ["a field given twice", '{"size":1,"size":2}', "size"],
    ["a list 1,000 deep", `{"tolerations":${"[".repeat(1000)}${"]".repeat(1000)}}`, "spec.tolerations"],
  ])("%s", async (_, spec, path) => {
    const { apiVersion, kind } = RuntimePool;
    const text = `{"apiVersion":"${apiVersion}","kind":"${kind}","metadata":{"name":"test"},"spec":${spec}}`;
    expect(await refusalOf(send(RuntimePool, text))).toContain(path);
  });
});

describe("a RuntimeEnvironment is refused", () => {
  const table: [string, Fields, string][] = [
    ["without a title", { title: undefined }, "spec.title"],
    ["without an image", { dockerImage: undefined }, "spec.dockerImage"],
    ["with an image by reference and by name", { image: { name: "jupyter" } }, "spec.dockerImage"],
    ["with an Image of another namespace", { image: { name: "other/jupyter" } }, "spec.image.name"],
    ["with an Image that has no name", { dockerImage: undefined, image: {} }, "spec.image.name"],
    ["without a language", { language: undefined }, "spec.language"],
    ["without resources", { resourcesRanges: undefined }, "spec.resourcesRanges"],
    [
      "with default resources but no limits",
      { resourcesRanges: { default: {} } },
      "spec.resourcesRanges.default.limits",
    ],
    ["with an empty title", { title: "" }, "spec.title"],
    ["with a line break in its title", { title: "a\r\nb" }, "spec.title"],
    ["with a NUL in its title", { title: "a\u0000b" }, "spec.title"],
    ["with an image in upper case", { dockerImage: "Repo/Image:1" }, "spec.dockerImage"],
    ["with an image of 4 KB", { dockerImage: "a".repeat(4096) }, "spec.dockerImage"],
    ["with credentials in its image", { dockerImage: "user:password@host/image" }, "spec.dockerImage"],
    ["with a scheme in its image", { dockerImage: "https://host/image" }, "spec.dockerImage"],
    ["with another variable in its image", { dockerImage: "${HOME}/image" }, "spec.dockerImage"],
    ["with a line break after its image", { dockerImage: "image\n" }, "spec.dockerImage"],
    ["with a variable given twice", env(["A", "1"], ["A", "2"]), "spec.env[1]"],
    ["with LD_PRELOAD", env(["LD_PRELOAD", "/x.so"]), "spec.env[0].name"],
    ["with LD_AUDIT", env(["LD_AUDIT", "/x.so"]), "spec.env[0].name"],
    [
      "with a template of names over two lines",
      { kernel: { givenNameTemplate: "a\nb" } },
      "givenNameTemplate",
    ],
    ["with 10,000 snippets", { snippets: Array(10_000).fill({ title: "a", code: "b" }) }, "spec.snippets"],
    [
      "with a variable from a Secret",
      { env: [{ name: "A", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }] },
      "spec.env[0]",
    ],
    ["with a command", { command: ["sh"] }, "spec.command"],
    ["with NODE_OPTIONS", env(["NODE_OPTIONS", "--require x"]), "spec.env[0].name"],
    ["with a variable of the operator", env(["DATALAYER_JUPYTER_TOKEN_FILE", "x"]), "spec.env[0].name"],
    ["with a variable that has no name", env(["", "x"]), "spec.env[0].name"],
    ["with = in the name of a variable", env(["A=B", "x"]), "spec.env[0].name"],
    ["with a number as the value of a variable", env(["A", 1]), "spec.env[0].value"],
    ["with a NUL in the value of a variable", env(["A", "x\u0000y"]), "spec.env[0].value"],
    [
      "with 10,000 variables",
      env(...Array.from({ length: 10_000 }, (_, i): [string, string] => [`A${i}`, ""])),
      "spec.env",
    ],
    ["with a mount at the root", mounts("/"), "spec.contents[0].mount"],
    ["with a mount in /proc", mounts("/proc/x"), "spec.contents[0].mount"],
    ["with a mount at the token", mounts("/var/run/secrets"), "spec.contents[0].mount"],
    ["with a relative mount", mounts("data"), "spec.contents[0].mount"],
    ["with a mount that goes up", mounts("/home/../proc"), "spec.contents[0].mount"],
    ["with a mount within another", mounts("/data", "/data/more"), "spec.contents"],
    ["with two contents at one mount", mounts("/data", "/data"), "spec.contents[1]"],
    [
      "with a content by name and uid",
      { contents: [{ name: "a", uid: "01J9Z8W7V6T5S4R3Q2P1N0M9K8", mount: "/a" }] },
      "spec.contents[0]",
    ],
    ["with a content by neither", { contents: [{ mount: "/a" }] }, "spec.contents[0]"],
    ["with a home that goes up", { home: "/home/../etc" }, "spec.home"],
    ["with a CPU of 1e400", limits({ cpu: "1e400" }), "limits.cpu"],
    ["with a negative memory", limits({ memory: "-1Gi" }), "limits.memory"],
    ["with half a GPU", limits({ "nvidia.com/gpu": "0.5" }), "nvidia.com/gpu"],
    [
      "with more CPU requested than allowed",
      { resourcesRanges: { default: { requests: { cpu: "2" }, limits: { cpu: "1" } } } },
      "spec.resourcesRanges.default.requests.cpu",
    ],
    ["with an example that is no URL", { example: "not a url" }, "spec.example"],
    ["with a privileged container", { securityContext: { privileged: true } }, "spec.securityContext"],
    ["with 1.4 MB of description", { description: "x".repeat(1_400_000) }, "spec.description"],
    ["with a snippet without code", { snippets: [{ title: "a" }] }, "spec.snippets[0].code"],
  ];
  it.each(table)("%s", async (_, spec, path) => {
    expect(await refusalOf(create("environment", spec))).toContain(path);
  });
});

describe("a RuntimeContent is refused with", () => {
  const source = (text: string): Fields => ({ source: text });
  const table: [string, Fields, string][] = [
    ["an unknown type", { type: "ftp" }, "spec.type"],
    ["no type", { type: undefined }, "spec.type"],
    ["git and no source", { source: undefined }, "spec.source"],
    ["s3 and no source", { type: "s3", source: undefined }, "spec.source"],
    ["a file: source", source("file:///etc"), "spec.source"],
    ["an ext:: source", source("ext::sh -c id"), "spec.source"],
    ["an option as source", source("--upload-pack=id"), "spec.source"],
    ["a source with a line break", source("https://a/b\nc"), "spec.source"],
    ["a source with a space", source("https://a/b --upload-pack=id"), "spec.source"],
    ["a source with credentials", source("https://user:password@host/a"), "spec.source"],
    ["a host that is an option", source("ssh://-oProxyCommand=id/a"), "spec.source"],
    ["a bucket that is a path", { type: "s3", source: "a/b" }, "spec.source"],
    ["a sub-path that goes up", { subPath: "../.." }, "spec.subPath"],
    ["a sub-path that goes up later", { subPath: "a/../../b" }, "spec.subPath"],
    ["an absolute sub-path", { subPath: "/etc" }, "spec.subPath"],
    ["an option as revision", { revision: "--option" }, "spec.revision"],
    ["39 hexadecimal digits", { revision: "a".repeat(39) }, "spec.revision"],
    ["a short digest", { sha256: "a".repeat(63) }, "spec.sha256"],
    ["other permissions", { permissions: "rwx" }, "spec.permissions"],
    ["a uid that is no ULID", { uid: "01J9Z8W7V6T5S4R3Q2P1N0M9KU" }, "spec.uid"],
    ["a Secret of another namespace", { secret: "other/secret" }, "spec.secret"],
    ["a command", { command: ["id"] }, "spec.command"],
  ];
  it.each(table)("%s", async (_, spec, path) => {
    expect(await refusalOf(create("content", spec))).toContain(path);
  });
});

describe("what is data stays data:", () => {
  const table: [string, string, Fields, Fields?][] = [
    ["a name of 253 characters", "pool", {}, { name: `${"a".repeat(250)}.bc` }],
    ["a name with dots", "environment", {}, { name: "a.b.c" }],
    ["text from right to left, and emoji", "environment", { title: "סביבה 🚀", description: "\u202eabc" }],
    ["a description in several lines", "environment", { description: "a\r\nb\n\n# c\t" }],
    [
      "a script in a snippet",
      "environment",
      { snippets: [{ title: "<b>", code: "<script>alert(1)</script>" }] },
    ],
    ["a reference in a variable", "environment", env(["A", "$(HOME) ${HOME}"])],
    ["a template bomb", "environment", { kernel: { givenNameTemplate: "{{#each}}".repeat(20) } }],
    [
      "a foreign owner",
      "pool",
      {},
      { ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "x", uid: "u" }] },
    ],
    ["our finalizer", "pool", {}, { finalizers: ["datalayer.io/usage"] }],
    ["1,000 finalizers", "pool", {}, { finalizers: Array.from({ length: 1000 }, (_, i) => `a.b/f${i}`) }],
    ["a selector that no node meets", "pool", { nodeSelector: { "no.such/label": "x" } }],
    ["a toleration of everything", "pool", { tolerations: [{ operator: "Exists" }] }],
    [
      "the labels of a runtime",
      "pool",
      {},
      { labels: { app: "runtime-pools", "runtime-pools.datalayer.io/pod-status": "assigned" } },
    ],
    ["half a character", "environment", { title: "\ud800" }],
    ["a HOME of its own", "environment", env(["HOME", "/home/jovyan"])],
    ["an ssh source", "content", { source: "ssh://git@example.com:22/a/b.git" }],
    ["a port in a source", "content", { source: "https://example.com:8443/a@b" }],
    ["a short ssh source", "content", { source: "git@github.com:datalayer/examples.git" }],
  ];
  it.each(table)("%s", async (_, what, spec, metadata) => {
    await expect(create(what, spec, metadata)).resolves.toHaveProperty("metadata");
  });
});

describe("the status of a pool", () => {
  const path = (name: string, rest = ""): string =>
    `/apis/${RuntimePool.apiVersion}/namespaces/${namespace}/${RuntimePool.plural}/${name}${rest}`;

  it("is written through /status only, and forged ones are dropped", async () => {
    const forged = { ...poolManifest(namespace, { name: "forged" }), status: { available: 99 } };
    await send(RuntimePool, JSON.stringify(forged), "");
    const ref = { namespace, name: "forged" };
    expect(await admin.get(RuntimePool, ref)).not.toHaveProperty("status");
    const status = { op: "add" as const, path: "/status", value: { available: 2 } };
    const past = await admin.patch(RuntimePool, ref, [status]);
    expect(past).not.toHaveProperty("status");
    await admin.patch(RuntimePool, ref, [status], { subresource: "status" });
    expect(await admin.get(RuntimePool, ref)).toMatchObject({ status: { available: 2 }, spec: { size: 3 } });
  });

  it("serves the scale subresource", async () => {
    await send(RuntimePool, JSON.stringify(poolManifest(namespace, { name: "scaled", size: 2 })), "");
    const patch = { spec: { replicas: 7 } };
    await admin.raw({
      method: "PATCH",
      path: path("scaled", "/scale"),
      body: JSON.stringify(patch),
      contentType: "application/merge-patch+json",
    });
    expect(await admin.get(RuntimePool, { namespace, name: "scaled" })).toMatchObject({ spec: { size: 7 } });
    const tooMany = admin.raw({
      method: "PATCH",
      path: path("scaled", "/scale"),
      body: '{"spec":{"replicas":-1}}',
      contentType: "application/merge-patch+json",
    });
    expect(await refusalOf(tooMany)).toContain("spec.size");
  });
});
