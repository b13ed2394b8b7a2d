import { createHmac } from "node:crypto";

/** The keys that tokens are derived from. */
export interface TokenKeys {
  /** Identity of the cluster: the same key in two clusters gives different tokens. */
  readonly cluster: string;
  /** The key for new Pods. */
  readonly currentId: string;
  /** Key by id; older ones stay as long as Pods name them. */
  readonly keys: ReadonlyMap<string, Buffer>;
}

/**
 * Seals the hash of a claim's body: `<key id>.<HMAC>`. It tells nothing to who does not have the key.
 * @throws Error when the key is not known here, which a new read of the key Secret mends.
 */
export function sealBody(keys: TokenKeys, keyId: string, bodyHash: string): string {
  const key = keys.keys.get(keyId);
  if (!key) throw new Error(`token key "${keyId}" of a claim's seal is not known`);
  const message = ["claim-body/v1", keys.cluster, bodyHash].join("\n");
  return `${keyId}.${createHmac("sha256", key).update(message).digest("hex")}`;
}

/**
 * The Jupyter token of a runtime. It is derived, not stored: any replica can answer with it, and reading
 * the Pod does not reveal it.
 * @param keyId - the key that the Pod names.
 * @throws Error when the key is not known here, which a new read of the key Secret mends.
 */
export function deriveToken(
  keys: TokenKeys,
  keyId: string,
  runtime: { namespace: string; ulid: string },
): string {
  const key = keys.keys.get(keyId);
  if (!key)
    throw new Error(`token key "${keyId}" of runtime ${runtime.namespace}/${runtime.ulid} is not known`);
  // The separator cannot occur in any of the parts, so no two inputs share a message.
  const message = ["jupyter-token/v1", keys.cluster, runtime.namespace, runtime.ulid].join("\n");
  return createHmac("sha256", key).update(message).digest("base64url");
}
