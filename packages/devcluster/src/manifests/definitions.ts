import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { KubeConfig } from "@kubernetes/client-node";
import { Client } from "undici";
import { parse } from "yaml";
import { goModuleDir, requiredVersion } from "../provision/go-tool.ts";
import { toolDir } from "../provision/repository.ts";
import type { ProvisionStep } from "../provision/step.ts";

/**
 * The step that takes custom resource definitions out of a Go module.
 * @param tool - the folder below `tools/` whose go.mod and go.sum are the pin.
 * @param extract - puts those of the module's sources into one file.
 */
export async function definitionsStep(
  tool: string,
  module: string,
  extract: (sources: string, target: string) => Promise<void>,
): Promise<ProvisionStep<"definitions">> {
  const cwd = toolDir(tool);
  const [goMod = "", goSum = ""] = await Promise.all(
    ["go.mod", "go.sum"].map((file) => readFile(join(cwd, file), "utf8")),
  );
  return {
    name: `${tool}-crds`,
    version: requiredVersion(goMod, module),
    inputs: [goMod, goSum],
    provides: { definitions: "definitions.yaml" },
    build: async (dir, context) => {
      const sources = await goModuleDir(tool, module, context);
      await extract(sources, join(dir, "definitions.yaml"));
    },
  };
}

/** Puts YAML files of a folder into one. */
export async function joinFiles(folder: string, files: readonly string[], target: string): Promise<void> {
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  await writeFile(target, texts.join("\n---\n"));
}

const definitionsPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const pollMs = 100;
const servedWithinMs = 30_000;

/**
 * Creates those definitions of a file that the cluster has not, and waits until all are served. They are sent as the
 * text that they are: the typed client drops the schema's `x-kubernetes-` fields.
 */
export async function createDefinitions(kubeconfigPath: string, path: string): Promise<void> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  const { server = "", caData = "", caFile } = config.getCurrentCluster() ?? {};
  const ca = caFile === undefined ? Buffer.from(caData, "base64").toString() : await readFile(caFile, "utf8");
  const client = new Client(server, { connect: { ca } });
  const authorization = `Bearer ${config.getCurrentUser()?.token ?? ""}`;
  try {
    for (const body of splitDocuments(await readFile(path, "utf8")))
      await createDefinition(client, authorization, body);
  } finally {
    await client.close();
  }
}

async function createDefinition(client: Client, authorization: string, body: string): Promise<void> {
  const headers = { authorization, "content-type": "application/yaml" };
  const answer = await client.request({ method: "POST", path: definitionsPath, headers, body });
  const text = await answer.body.text();
  const { name } = (parse(body) as { metadata: { name: string } }).metadata;
  // Test files that run at once create the same ones.
  if (![201, 409].includes(answer.statusCode))
    throw new Error(`the definition ${name} was refused (${answer.statusCode}): ${text}`);
  const deadline = performance.now() + servedWithinMs;
  while (!(await isServed(client, authorization, name))) {
    if (performance.now() > deadline) throw new Error(`the definition ${name} is not served`);
    await delay(pollMs);
  }
}

async function isServed(client: Client, authorization: string, name: string): Promise<boolean> {
  const headers = { authorization };
  const { body } = await client.request({ method: "GET", path: `${definitionsPath}/${name}`, headers });
  const { status } = (await body.json()) as {
    status?: { conditions?: { type: string; status: string }[] };
  };
  return (status?.conditions ?? []).some((one) => one.type === "Established" && one.status === "True");
}

/** The documents of a YAML file, without empty ones. */
export function splitDocuments(yaml: string): string[] {
  return yaml.split(/^---$/m).filter((text) => text.replaceAll(/^#.*$/gm, "").trim() !== "");
}
