import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { definitionsStep, joinFiles } from "../manifests/definitions.ts";
import type { ComponentSpec } from "../process/supervisor.ts";
import { goTool } from "../provision/go-tool.ts";
import type { ProvisionStep } from "../provision/step.ts";

const tool = "cert-manager";
const module = "github.com/cert-manager/cert-manager";

/** The step that builds cert-manager: its controllers of Certificates and of issuers that sign themselves. */
export function certManagerStep(): Promise<ProvisionStep<"cert-manager">> {
  return goTool({ name: tool, tool, module, command: ".", sources: ["main.go"] });
}

/** The step that takes cert-manager's definitions out of its Go module. */
export function certManagerDefinitionsStep(): Promise<ProvisionStep<"definitions">> {
  return definitionsStep(tool, module, async (sources, target) => {
    const folder = join(sources, "deploy/crds");
    const files = (await readdir(folder)).filter((file) => file.endsWith(".yaml")).sort();
    await joinFiles(folder, files, target);
  });
}

/** The process of cert-manager. */
export function certManagerComponent(program: string, kubeconfigPath: string): ComponentSpec {
  return { name: tool, command: program, args: [kubeconfigPath] };
}
