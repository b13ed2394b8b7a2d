import { existsSync } from "node:fs";
import { type CommandContext, variable } from "../command/context.ts";
import { type Cloud, isFolderName, valuesPath } from "./paths.ts";
import { type CloudValuesFile, readCloudValues } from "./read-values.ts";

const overrides: Readonly<Record<Cloud, string>> = {
  azure: "DATALAYER_OPERATOR_AZURE_VALUES_FILE",
  aws: "DATALAYER_OPERATOR_AWS_VALUES_FILE",
};

/**
 * The values files for the cluster of a context: those that variables name, else those that clouder wrote.
 *
 * @throws CommandError (usage) when one is named and absent, or malformed.
 */
export async function findCloudValues(
  context: CommandContext,
  kubeContext: string | undefined,
): Promise<CloudValuesFile[]> {
  const clouds = Object.keys(overrides) as Cloud[];
  const found = await Promise.all(clouds.map((cloud) => find(context, kubeContext, cloud)));
  return found.filter((file) => file !== undefined);
}

async function find(
  context: CommandContext,
  kubeContext: string | undefined,
  cloud: Cloud,
): Promise<CloudValuesFile | undefined> {
  const name = overrides[cloud];
  const named = variable(context, name);
  if (named !== undefined) return readCloudValues(cloud, named, name);
  if (kubeContext === undefined || !isFolderName(kubeContext)) return undefined;
  const path = valuesPath(context, cloud, kubeContext);
  return existsSync(path) ? readCloudValues(cloud, path) : undefined;
}
