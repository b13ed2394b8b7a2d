import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CloudError } from "../executor.ts";
import { type CloudSettings, type CloudVariable, cloudVariables } from "./cloud-settings.ts";

/** The variables that are set. */
export type CloudValues = Readonly<Partial<Record<CloudVariable, string>>>;

/** The values of now: of the mounted files, and for those that are not there of the settings. */
export async function readCloudValues({
  credentialsDir,
  variables,
}: Pick<CloudSettings, "credentialsDir" | "variables">): Promise<CloudValues> {
  const entries = await Promise.all(
    cloudVariables.map(
      async (name) => [name, (await fileAt(credentialsDir, name)) ?? variables[name]()] as const,
    ),
  );
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== ""));
}

/** The value of a variable that there has to be. @throws CloudError naming it. */
export function required(values: CloudValues, name: CloudVariable): string {
  const value = values[name];
  if (value !== undefined) return value;
  throw new CloudError("CredentialsRefused", `${name} is not set, neither as a file nor as a variable.`);
}

/** Undefined when the file is not there, or empty. */
async function fileAt(directory: string | undefined, name: string): Promise<string | undefined> {
  if (directory === undefined) return undefined;
  const content = await readFile(join(directory, name), "utf8").catch(() => "");
  return content.trim() || undefined;
}
