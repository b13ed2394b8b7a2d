import { goTool } from "../provision/go-tool.ts";
import type { ProvisionStep } from "../provision/step.ts";

/** The step that builds Helm, which installs the charts. */
export function helmStep(): Promise<ProvisionStep<"helm">> {
  const module = "helm.sh/helm/v4";
  return goTool({
    name: "helm",
    tool: "helm",
    module,
    command: `${module}/cmd/helm`,
    linkVariables: [`${module}/internal/version.version={version}`],
  });
}
