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
import { refusedContents } from "./refused/contents.ts";
import { refusedEnvironments } from "./refused/environments.ts";
import { refusedPools } from "./refused/pools.ts";
import { env, type Fields } from "./refused/refused-spec.ts";

let admin: RestClient;
let namespace: string;

beforeAll(async () => {
  const { kubeconfigPath } = await useCluster();
  namespace = await testNamespace();
  admin = new RestClient({ access: loadAccess({ kubeconfigPath }), userAgent: "test", fieldManager: "test" });
  await installChart(admin, namespace);
});

afterAll(() => admin.close());

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
  it.each(refusedPools)("%s", async (_, spec, path, expected) => {
    const said = await refusalOf(create("pool", spec));
    expect(said).toContain(path);
    expect(said).toContain(expected);
  });
});

describe("a RuntimeEnvironment is refused", () => {
  it.each(refusedEnvironments)("%s", async (_, spec, path, expected) => {
    const said = await refusalOf(create("environment", spec));
    expect(said).toContain(path);
    expect(said).toContain(expected);
  });
});

describe("a RuntimeContent is refused with", () => {
  it.each(refusedContents)("%s", async (_, spec, path, expected) => {
    const said = await refusalOf(create("content", spec));
    expect(said).toContain(path);
    expect(said).toContain(expected);
  });
});

describe("what is data stays data:", () => {
  const table: [string, string, Fields, Fields?][] = [
    ["text from right to left, and emoji", "environment", { title: "סביבה 🚀", description: "\u202eabc" }],
    ["a description in several lines", "environment", { description: "a\r\nb\n\n# c\t" }],
    [
      "a script in a snippet",
      "environment",
      { snippets: [{ title: "<b>", code: "<script>alert(1)</script>" }] },
    ],
    ["a reference in a variable", "environment", env(["A", "$(HOME) ${HOME}"])],
    ["a template bomb", "environment", { kernel: { givenNameTemplate: "{{#each}}".repeat(20) } }],
    ["a selector that no node meets", "pool", { nodeSelector: { "no.such/label": "x" } }],
    ["a toleration of everything", "pool", { tolerations: [{ operator: "Exists" }] }],
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
