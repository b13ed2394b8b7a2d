import type { Image } from "@datalayer/shared/crds/image";
import { Secret } from "@datalayer/shared/kube/kinds";
import type { RestClient } from "@datalayer/shared/kube/rest";
import {
  type CredentialsByHost,
  credentialsIn,
  CredentialsError,
  secretsOf,
} from "../registry/credentials.ts";
import { unlessNotFound } from "./attempt.ts";
import { type Mask, maskOf } from "./log-lines.ts";

/** The Secrets that builds read beside those that their Image names. */
export interface BuildSecretNames {
  /** Where packages come from. */
  packageSourcesSecret: string;
  /** Of Images that name none to push with. */
  pushSecret: string;
}

/** A password in an address. */
const passwordInUrl = /:\/\/[^\s/:@]*:([^\s/@]+)@/g;

type ReadSecret = (name: string | undefined) => Promise<Secret | undefined>;

/** Hides in the logs of an Image what its builds can read of Secrets, as these are now. */
export async function maskFor(image: Image, client: RestClient, names: BuildSecretNames): Promise<Mask> {
  const { namespace } = image.metadata;
  const read: ReadSecret = (name) =>
    name === undefined ? Promise.resolve(undefined) : unlessNotFound(client.get(Secret, { namespace, name }));
  const secrets = await Promise.all([
    mountedSecrets(image, read),
    read(image.spec.output?.pushSecretRef?.name ?? names.pushSecret).then(secretsOfLogin),
    read(image.spec.source.git?.secretRef?.name).then((secret) => [textOf(secret, "password")]),
    read(names.packageSourcesSecret).then(secretsOfSources),
  ]);
  return maskOf(secrets.flat());
}

function mountedSecrets({ spec }: Image, read: ReadSecret): Promise<string[]> {
  const mounted = spec.build?.secrets ?? [];
  return Promise.all(mounted.map(async ({ name, key }) => textOf(await read(name), key)));
}

function secretsOfSources(secret: Secret | undefined): string[] {
  return Object.keys(secret?.data ?? {}).flatMap((key) => passwordsIn(textOf(secret, key)));
}

function textOf(secret: Secret | undefined, key: string): string {
  return Buffer.from(secret?.data?.[key] ?? "", "base64").toString("utf8");
}

/** Name and password stand together in headers. */
function secretsOfLogin(secret: Secret | undefined): string[] {
  if (!secret) return [];
  const credentials = credentialsOf(secret);
  const pairs = [...credentials.values()].map(({ username, password }) => `${username}:${password}`);
  return [...secretsOf(credentials), ...pairs.filter((pair) => !pair.endsWith(":"))];
}

/** One that cannot be read holds nothing that a build could say; the reason is a matter of the status. */
function credentialsOf(secret: Secret): CredentialsByHost {
  try {
    return credentialsIn(secret, "");
  } catch (error) {
    if (error instanceof CredentialsError) return new Map();
    throw error;
  }
}

function passwordsIn(text: string): string[] {
  return [...text.matchAll(passwordInUrl)].flatMap(([, password = ""]) => [password, decoded(password)]);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
