import { createHash, timingSafeEqual } from "node:crypto";
import type { Secret } from "@datalayer/shared/kube/kinds";
import { identityHeader } from "./address.ts";
import { shownKey } from "./credentials.ts";
import type { RequestHeaders } from "./forwarded-request.ts";
import { unauthenticated, undecided, type Verdict } from "./verdict.ts";

/** One accepted key. */
interface AcceptedKey {
  /** Name of the client. */
  client: string;
  /** SHA-256 of the key. */
  digest: Buffer;
}

/** The type of Secrets with API keys: the verifier asks for these only, and never sees a Secret of another kind. */
export const apiKeysSecretType = "datalayer.io/api-keys";

const sha256Hex = /^(sha256:)?([0-9a-f]{64})$/i;

/**
 * The keys that a Secret accepts: each entry names a client, its value is the SHA-256 of its key in hexadecimal, or
 * several of them with white space between, while the client changes its key. What is none is passed over.
 */
function acceptedKeys(secret: Secret): AcceptedKey[] {
  return Object.entries(secret.data ?? {}).flatMap(([client, value]) =>
    Buffer.from(value, "base64")
      .toString("utf8")
      .split(/\s+/)
      .flatMap((word) => sha256Hex.exec(word)?.[2] ?? [])
      .map((hex) => ({ client, digest: Buffer.from(hex, "hex") })),
  );
}

/** The client whose key this is. Takes as long whether there is one, and whichever it is. */
function clientOf(key: string, accepted: readonly AcceptedKey[]): string | undefined {
  const given = createHash("sha256").update(key, "utf8").digest();
  let found: string | undefined;
  for (const { client, digest } of accepted) if (timingSafeEqual(given, digest)) found = client;
  return found;
}

/** The keys that the Secrets of Routes accept, taken apart once for each version of a Secret. */
export class ApiKeys {
  readonly #accepted = new WeakMap<Secret, AcceptedKey[]>();

  /** Says whether the key in a header is one of those in a Secret, and whose it is. */
  check(
    headers: RequestHeaders,
    { header, secret }: { header: string; secret: Secret | undefined },
  ): Verdict {
    const challenge = `ApiKey header="${header}"`;
    const key = shownKey(headers, header);
    if (key === undefined) return unauthenticated("no-credentials", challenge);
    if (key === null) return unauthenticated("malformed-credentials", challenge);
    if (!secret) return undecided("keys-unavailable");
    const client = clientOf(key, this.#of(secret));
    if (client === undefined) return unauthenticated("unknown-key", challenge);
    const { method, subject, user } = identityHeader;
    return { kind: "allowed", headers: { [method]: "apiKey", [subject]: client, [user]: client } };
  }

  #of(secret: Secret): AcceptedKey[] {
    const accepted = this.#accepted.get(secret) ?? acceptedKeys(secret);
    this.#accepted.set(secret, accepted);
    return accepted;
  }
}
