import type { Secret } from "@datalayer/shared/kube/kinds";

/** A name and a password, or the token that stands for both. */
export interface Credentials {
  username: string;
  password: string;
  /** An OAuth 2 refresh token, which some clouds give in place of a password. */
  identityToken?: string;
}

/** The credentials of each registry, by its host. */
export type CredentialsByHost = ReadonlyMap<string, Credentials>;

/** Why a Secret has no credentials. */
export class CredentialsError extends Error {
  override readonly name = "CredentialsError";
}

/** The types of Secrets that hold credentials of registries. */
export const credentialTypes = [
  "kubernetes.io/dockerconfigjson",
  "kubernetes.io/dockercfg",
  "kubernetes.io/basic-auth",
] as const;
export type CredentialType = (typeof credentialTypes)[number];

/** Where the Docker Hub is asked, and how old and new configurations name it. */
const hubHosts = ["docker.io", "index.docker.io", "registry-1.docker.io"];

/**
 * The credentials in a Secret of one of the standard types.
 * @param host - the registry that a Secret without the name of one is for.
 * @throws CredentialsError that names the Secret and what is wrong with it, and nothing of its content.
 */
export function credentialsIn(secret: Secret, host: string): CredentialsByHost {
  const fail = (problem: string): never => {
    throw new CredentialsError(`Secret "${secret.metadata.name}" ${problem}`);
  };
  const valueOf = (key: string): string => {
    const value = secret.data?.[key];
    return value === undefined ? fail(`has no key ${key}`) : Buffer.from(value, "base64").toString("utf8");
  };
  switch (secret.type as CredentialType) {
    case "kubernetes.io/dockerconfigjson": {
      const auths = objectIn(parsed(valueOf(".dockerconfigjson")), "auths");
      return auths ? fromAuths(auths) : fail("has no object auths in its key .dockerconfigjson");
    }
    case "kubernetes.io/dockercfg": {
      const auths = asObject(parsed(valueOf(".dockercfg")));
      return auths ? fromAuths(auths) : fail("has no object in its key .dockercfg");
    }
    case "kubernetes.io/basic-auth":
      return new Map([[host, { username: valueOf("username"), password: valueOf("password") }]]);
    default:
      return fail(`is of the type ${secret.type ?? "Opaque"}; expected one of ${credentialTypes.join(", ")}`);
  }
}

/** Whatever is secret in these credentials, so that it can be kept out of logs. */
export function secretsOf(credentials: CredentialsByHost): string[] {
  const secrets = [...credentials.values()].flatMap(({ password, identityToken = "" }) => [
    password,
    identityToken,
  ]);
  return secrets.filter((secret) => secret !== "");
}

function fromAuths(auths: Record<string, unknown>): CredentialsByHost {
  return new Map(
    Object.entries(auths).flatMap(([server, entry]) => {
      const credentials = entryOf(asObject(entry) ?? {});
      return credentials ? hostsOf(server).map((host) => [host, credentials] as const) : [];
    }),
  );
}

function entryOf(entry: Record<string, unknown>): Credentials | undefined {
  const identityToken = textIn(entry, "identitytoken");
  const joined = Buffer.from(textIn(entry, "auth") ?? "", "base64").toString("utf8");
  const colon = joined.indexOf(":");
  const username = textIn(entry, "username") ?? joined.slice(0, Math.max(colon, 0));
  const password = textIn(entry, "password") ?? joined.slice(colon + 1);
  if (username === "" && identityToken === undefined) return undefined;
  return { username, password, ...(identityToken !== undefined && { identityToken }) };
}

/** `https://registry.example.com/v2/` and `registry.example.com` are one. */
function hostsOf(server: string): string[] {
  const host = server.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  return hubHosts.includes(host) ? ["docker.io"] : [host];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
}

function objectIn(value: unknown, key: string): Record<string, unknown> | undefined {
  return asObject(asObject(value)?.[key]);
}

function textIn(entry: Record<string, unknown>, key: string): string | undefined {
  const value = entry[key];
  return typeof value === "string" && value !== "" ? value : undefined;
}
