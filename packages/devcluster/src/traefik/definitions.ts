import { copyFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { definitionsStep, joinFiles } from "../manifests/definitions.ts";
import type { ProvisionStep } from "../provision/step.ts";

const traefikModule = "github.com/traefik/traefik/v3";
const traefikFile = "docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml";
const gatewayApiModule = "sigs.k8s.io/gateway-api";
const gatewayApiFolder = "config/crd/standard";

/** The step that takes Traefik's custom resource definitions out of its Go module. */
export function traefikDefinitionsStep(): Promise<ProvisionStep<"definitions">> {
  return definitionsStep("traefik", traefikModule, (sources, target) =>
    copyFile(join(sources, traefikFile), target),
  );
}

/** The step that takes the definitions of the Gateway API's standard channel out of its Go module. */
export function gatewayApiDefinitionsStep(): Promise<ProvisionStep<"definitions">> {
  return definitionsStep("gateway-api", gatewayApiModule, async (sources, target) => {
    const folder = join(sources, gatewayApiFolder);
    // The one file that is no definition forbids older releases of them, which nobody installs here.
    const files = (await readdir(folder)).filter((file) => !file.includes("_vap_")).sort();
    await joinFiles(folder, files, target);
  });
}
