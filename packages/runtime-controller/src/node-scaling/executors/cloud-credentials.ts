import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CloudError } from "../executor.ts";
import { type CloudSettings, type CloudVariable, cloudVariables } from "./cloud-settings.ts";

/** The variables of a cloud that are set. */
export type CloudValues = Readonly<Partial<Record<CloudVariable, string>>>;

/**
 * The values of now: the mounted files, or the settings where there is no file of this cloud. They are never mixed:
 * what a rotation has taken out of the files would still be in the settings, as it was when the Pod began.
 */
export async function readCloudValues({
  provider,
  credentialsDir,
  variables,
}: Pick<CloudSettings, "provider" | "credentialsDir" | "variables">): Promise<CloudValues> {
  const names = cloudVariables.filter((name) => name.startsWith(provider.toUpperCase()));
  const files = await Promise.all(names.map((name) => fileAt(credentialsDir, name)));
  const values = files.some(Boolean) ? files : names.map((name) => variables[name]() || undefined);
  return Object.fromEntries(names.flatMap((name, index) => (values[index] ? [[name, values[index]]] : [])));
}

/** The value of a variable that there has to be. @throws CloudError naming it. */
export function required(values: CloudValues, name: CloudVariable): string {
  const value = values[name];
  if (value !== undefined) return value;
  throw new CloudError(
    "CredentialsRefused",
    `${name} is not set, neither as a file nor, where its cloud has no file at all, as a variable.`,
  );
}

/**
 * Takes the keys of AWS out of the variables of the process, once they are read: its library would find them there when
 * a rotation leaves the credentials to a role.
 */
export function forgetAwsKeys(environment: Record<string, string | undefined>): void {
  delete environment["AWS_ACCESS_KEY_ID"];
  delete environment["AWS_SECRET_ACCESS_KEY"];
  delete environment["AWS_SESSION_TOKEN"];
}

/** Undefined when the file is not there, or empty. */
async function fileAt(directory: string | undefined, name: string): Promise<string | undefined> {
  if (directory === undefined) return undefined;
  const content = await readFile(join(directory, name), "utf8").catch(() => "");
  return content.trim() || undefined;
}
