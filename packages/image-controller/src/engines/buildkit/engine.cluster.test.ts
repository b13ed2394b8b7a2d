import { testNamespace, useCluster } from "@datalayer/devcluster/testkit/cluster";
import { loadAccess } from "@datalayer/shared/kube/access";
import { ConfigMap, Job } from "@datalayer/shared/kube/kinds";
import { RestClient } from "@datalayer/shared/kube/rest";
import { sendStrictly } from "@datalayer/shared/kube/testkit/admission";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { buildRequest, commit, digest, engineSettings, hash } from "../../../test/builders.ts";
import type { BuildRequest, EngineSettings } from "../engine.ts";
import { buildkit } from "./engine.ts";

const context = {
  dockerfile: "FROM r.example/base:1\nCOPY . /app/\n",
  files: [
    { path: "app.py", content: "print(1)\n" },
    { path: "data/.keep", content: "" },
  ],
};
const git = {
  kind: "git",
  url: "https://git.example/team/app.git",
  revision: commit,
  subPath: "images/jupyter",
  dockerfile: "docker/Dockerfile",
  secret: "git-login",
} as const;
const archive = {
  kind: "archive",
  url: "https://files.example/app.tar.gz",
  sha256: hash,
  stripComponents: 1,
  subPath: undefined,
  dockerfile: "Dockerfile",
} as const;
const { inputs } = buildRequest();

const requests: Record<string, [BuildRequest, Partial<EngineSettings>?]> = {
  minimal: [buildRequest()],
  complete: [
    buildRequest(
      {
        build: {
          target: "final",
          args: [{ name: "VERSION", value: "$(HOME), $$ and a, comma" }],
          secrets: [{ id: "token", name: "tokens", key: "hub" }],
          platforms: ["linux/amd64", "linux/arm64"],
          timeout: "1h30m",
          resources: { cpu: "2", memory: "8Gi", storage: "50Gi" },
          nodeSelector: { "example.com/builds": "true" },
          tolerations: [{ key: "builds", operator: "Exists", effect: "NoSchedule" }],
          runtimeClassName: "gvisor",
          priorityClassName: "low",
        },
        cache: { mode: "max" },
        output: {
          compression: "zstd",
          labels: [{ name: "org.opencontainers.image.title", value: "Jupyter, with more" }],
          caSecretRef: { name: "registry-ca" },
        },
        attest: { provenance: "max", sbom: true },
      },
      {
        inputs: { ...inputs, source: { kind: "context", context }, sourceDateEpoch: 1_700_000_000 },
        credentials: { name: "push", type: "kubernetes.io/dockerconfigjson" },
      },
    ),
    { plainHosts: ["z.example:5000", "a.example"], allowedBases: ["r.example"] },
  ],
  git: [
    buildRequest(
      { cache: { mode: "off" }, attest: { provenance: "off" } },
      {
        inputs: { ...inputs, source: git },
        credentials: { name: "push", type: "kubernetes.io/basic-auth" },
        isolation: "userns",
      },
    ),
  ],
  archive: [
    buildRequest(
      {},
      {
        inputs: {
          ...inputs,
          source: archive,
          bases: [{ name: `r.example/a@${digest("a")}`, digest: digest("a") }],
        },
        repository: { host: "docker.io", repository: "team/jupyter" },
        credentials: { name: "push", type: "kubernetes.io/dockercfg" },
        isolation: "privileged",
      },
    ),
  ],
};

let admin: RestClient;
let namespace: string;

beforeAll(async () => {
  const { kubeconfigPath } = await useCluster();
  namespace = await testNamespace();
  admin = new RestClient({ access: loadAccess({ kubeconfigPath }), userAgent: "test", fieldManager: "test" });
});
afterAll(() => admin.close());

describe("what BuildKit is given", () => {
  it.each(Object.entries(requests))("is as in its golden file: %s", async (name, [request, more]) => {
    const objects = buildkit.job(request, { ...engineSettings, ...more });
    const text = [objects.inputs, objects.job]
      .map((object) => stringify(object, { lineWidth: 0 }))
      .join("---\n");
    await expect(text).toMatchFileSnapshot(`testdata/${name}.golden.yaml`);
  });

  it.each(Object.entries(requests))("is taken by the API server as it is: %s", async (_, [request, more]) => {
    const { inputs: files, job } = buildkit.job(request, { ...engineSettings, ...more });
    for (const [kind, object] of [
      [ConfigMap, files],
      [Job, job],
    ] as const) {
      const metadata = { ...object.metadata, namespace, ownerReferences: [] };
      await sendStrictly(admin, kind, JSON.stringify({ ...object, metadata }), { namespace });
    }
  });

  it("has neither the rights of the cluster nor a way to get them", () => {
    for (const [request] of Object.values(requests)) {
      const { spec } = buildkit.job(request, engineSettings).job.spec!.template;
      expect(spec?.automountServiceAccountToken).toBe(false);
      expect(spec).not.toHaveProperty("serviceAccountName");
      expect(spec).not.toHaveProperty("hostNetwork");
      expect(JSON.stringify(spec?.volumes)).not.toContain("hostPath");
    }
  });
});
