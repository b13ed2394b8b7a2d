/** The variables that hold credentials and what goes with them, as their clouds name them. */
export const cloudVariables = [
  "AWS_REGION",
  "AWS_DEFAULT_REGION",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AZURE_TENANT_ID",
  "AZURE_CLIENT_ID",
  "AZURE_CLIENT_SECRET",
  "AZURE_SUBSCRIPTION_ID",
  "AZURE_RESOURCE_GROUP",
] as const;

/** One of them. */
export type CloudVariable = (typeof cloudVariables)[number];

/** Which group is scaled, and how its cloud is reached. */
export interface CloudSettings {
  readonly provider: "aws" | "azure";
  readonly group: string;
  /** A folder with a file for each variable; with any of this cloud, nothing is taken from `variables`. */
  readonly credentialsDir: string | undefined;
  /** In place of the public address. */
  readonly endpoint: string | undefined;
  readonly authorityHost: string | undefined;
  /** The values of now. */
  readonly variables: Readonly<Record<CloudVariable, () => string | undefined>>;
}
