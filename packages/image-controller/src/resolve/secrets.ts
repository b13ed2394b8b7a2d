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
  { host, ...options }: { host: string; defaultPushSecret: string; kube: Client },
): Promise<ImageSecrets> {
  const { kube } = options;
  const { output, source } = image.spec;
  const push = await readPushSecret(image, options);
  const authority = await readIfNamed(kube, image, {
    ref: output?.caSecretRef,
    path: "spec.output.caSecretRef",
  });
  const gitRef = { ref: source.git?.secretRef, path: "spec.source.git.secretRef" };
  const git = await readIfNamed(kube, image, gitRef);
  const credentials = push ? credentialsOf(push, host) : new Map<string, never>();
  return {
    registry: {
      credentials,
      ...(authority && { ca: valueOf(authority, "ca.crt", "spec.output.caSecretRef") }),
    },
    credentials: push && { name: push.metadata.name, type: push.type ?? "Opaque" },
    git: git ? gitAccessOf(git) : {},
    hidden: [...secretsOf(credentials), ...passwordIn(git), ...(await readMounted(image, kube))],
  };
}

function readPushSecret(
  image: Image,
  { defaultPushSecret, kube }: { defaultPushSecret: string; kube: Client },
): Promise<Secret | undefined> {
  const named = image.spec.output?.pushSecretRef;
  if (named) return readNamed(kube, image, { name: named.name, path: "spec.output.pushSecretRef" });
  return find(kube, { namespace: image.metadata.namespace, name: defaultPushSecret });
}

/** What the Dockerfile mounts. */
async function readMounted(image: Image, kube: Client): Promise<string[]> {
  const values: string[] = [];
  for (const [index, { name, key }] of (image.spec.build?.secrets ?? []).entries()) {
    const path = `spec.build.secrets[${index}]`;
    values.push(valueOf(await readNamed(kube, image, { name, path }), key, path));
  }
  return values;
}

function readIfNamed(
  kube: Client,
  image: Image,
  { ref, path }: { ref: { name: string } | undefined; path: string },
): Promise<Secret | undefined> {
  return ref ? readNamed(kube, image, { name: ref.name, path }) : Promise.resolve(undefined);
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
