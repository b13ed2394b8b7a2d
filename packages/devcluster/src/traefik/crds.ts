import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { Client } from "undici";
import type { ApiServerAccess } from "../cluster/context.ts";
import { goModuleDir, requiredVersion } from "../provision/go-tool.ts";
import { toolDir } from "../provision/repository.ts";
import type { ProvisionStep } from "../provision/step.ts";

const traefikModule = "github.com/traefik/traefik/v3";
const definitions = "docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml";

/** The step that takes Traefik's custom resource definitions out of its Go module. */
export async function traefikCrdsStep(): Promise<ProvisionStep<"definitions">> {
  const cwd = toolDir("traefik");
  const [goMod, goSum] = await Promise.all(
    ["go.mod", "go.sum"].map((file) => readFile(join(cwd, file), "utf8")),
  );
  return {
    name: "traefik-crds",
    version: requiredVersion(goMod ?? "", traefikModule),
    inputs: [goMod ?? "", goSum ?? "", definitions],
    provides: { definitions: "definitions.yaml" },
    build: async (dir, context) => {
      const sources = await goModuleDir("traefik", traefikModule, context);
      await copyFile(join(sources, definitions), join(dir, "definitions.yaml"));
    },
  };
}

const definitionsPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/**
 * Creates the definitions of a file in a new cluster. They are sent as the text that they are: the typed client
 * drops the schema's `x-kubernetes-` fields.
 */
export async function createDefinitions(api: ApiServerAccess, path: string): Promise<void> {
  const config = new KubeConfig();
  config.loadFromFile(api.adminKubeconfigPath);
  const headers = {
    authorization: `Bearer ${config.getCurrentUser()?.token ?? ""}`,
    "content-type": "application/yaml",
  };
  const client = new Client(api.server, { connect: { ca: await readFile(api.caPath, "utf8") } });
  try {
    for (const body of splitDocuments(await readFile(path, "utf8"))) {
      const answer = await client.request({ method: "POST", path: definitionsPath, headers, body });
      const text = await answer.body.text();
      if (answer.statusCode !== 201) {
        throw new Error(`a definition of Traefik was refused (${answer.statusCode}): ${text}`);
      }
    }
  } finally {
    await client.close();
  }
}

/** The documents of a YAML file, without empty ones. */
export function splitDocuments(yaml: string): string[] {
  return yaml.split(/^---$/m).filter((text) => text.trim() !== "");
}
