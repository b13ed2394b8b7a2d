import { type Image, imageReason } from "@datalayer/shared/crds/image";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { Secret } from "@datalayer/shared/kube/kinds";
import type { RestClient } from "@datalayer/shared/kube/rest";
import type { GitAccess } from "../git/git-command.ts";
import { lasting } from "../image/fault.ts";
import {
  credentialsIn,
  CredentialsError,
  type CredentialsByHost,
  secretsOf,
} from "../registry/credentials.ts";
import type { RepositoryAccess } from "../registry/registry.ts";

/** What an Image may use of the Secrets in its namespace. */
export interface ImageSecrets {
  /** With what its registries are asked. */
  registry: RepositoryAccess;
  /** The Secret with the credentials of registries, as builds mount it. */
  credentials: { name: string; type: string } | undefined;
  git: GitAccess;
  /** Values that no log, Event or status may show. */
  hidden: readonly string[];
}

type Client = Pick<RestClient, "get">;

/**
 * Reads the Secrets that an Image names, as they are now.
 * @param host - the registry that it is published in.
 * @param defaultPushSecret - used where the spec names none, and not missed where it is not there.
 * @throws FaultError when one is not there, or is of no use.
 */
export async function readSecrets(
  image: Image,
  { host, defaultPushSecret, kube }: { host: string; defaultPushSecret: string; kube: Client },
): Promise<ImageSecrets> {
  const { output, source, build } = image.spec;
  const read = (name: string, path: string): Promise<Secret> => readNamed(kube, image, { name, path });
  const push = output?.pushSecretRef
    ? await read(output.pushSecretRef.name, "spec.output.pushSecretRef")
    : await find(kube, { namespace: image.metadata.namespace, name: defaultPushSecret });
  const authority = output?.caSecretRef && (await read(output.caSecretRef.name, "spec.output.caSecretRef"));
  const git = source.git?.secretRef && (await read(source.git.secretRef.name, "spec.source.git.secretRef"));
  const credentials = push && credentialsOf(push, host);
  const mounted: string[] = [];
  for (const [index, { name, key }] of (build?.secrets ?? []).entries()) {
    const path = `spec.build.secrets[${index}]`;
    mounted.push(valueOf(await read(name, path), key, path));
  }
  return {
    registry: {
      ...(credentials && { credentials }),
      ...(authority && { ca: valueOf(authority, "ca.crt", "spec.output.caSecretRef") }),
    },
    credentials: push && { name: push.metadata.name, type: push.type ?? "Opaque" },
    git: git ? gitAccessOf(git) : {},
    hidden: [...(credentials ? secretsOf(credentials) : []), ...passwordIn(git), ...mounted],
  };
}

async function readNamed(
  kube: Client,
  { metadata: { namespace } }: Image,
  { name, path }: { name: string; path: string },
): Promise<Secret> {
  const secret = await find(kube, { namespace, name });
  if (secret) return secret;
  throw lasting(
    imageReason.secretNotFound,
    `${path}: there is no Secret "${name}" in namespace ${namespace}.`,
  );
}

async function find(
  kube: Client,
  ref: { namespace: string | undefined; name: string },
): Promise<Secret | undefined> {
  try {
    return await kube.get(Secret, ref);
  } catch (error) {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    throw error;
  }
}

function credentialsOf(secret: Secret, host: string): CredentialsByHost {
  try {
    return credentialsIn(secret, host);
  } catch (error) {
    if (error instanceof CredentialsError) throw lasting(imageReason.secretRefused, `${error.message}.`);
    throw error;
  }
}

function gitAccessOf(secret: Secret): GitAccess {
  const type = "kubernetes.io/basic-auth";
  if (secret.type !== type)
    throw lasting(
      imageReason.secretRefused,
      `spec.source.git.secretRef: Secret "${secret.metadata.name}" is of the type ${secret.type ?? "Opaque"}; expected ${type}.`,
    );
  const [username, password, ca] = ["username", "password", "ca.crt"].map((key) => decoded(secret, key));
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(ca !== undefined && { ca }),
  };
}

function passwordIn(secret: Secret | undefined): string[] {
  const password = secret && decoded(secret, "password");
  return password === undefined ? [] : [password];
}

function valueOf(secret: Secret, key: string, path: string): string {
  const value = decoded(secret, key);
  if (value !== undefined) return value;
  throw lasting(imageReason.secretNotFound, `${path}: Secret "${secret.metadata.name}" has no key ${key}.`);
}

function decoded({ data }: Secret, key: string): string | undefined {
  const value = data?.[key];
  return value === undefined ? undefined : Buffer.from(value, "base64").toString("utf8");
}
