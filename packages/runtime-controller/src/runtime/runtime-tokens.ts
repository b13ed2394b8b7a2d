import { randomBytes, randomUUID } from "node:crypto";
import type { Clock } from "@datalayer/shared/clock/clock";
import type { Secret } from "@datalayer/shared/kube/kinds";
import type { ObjectRef } from "@datalayer/shared/kube/object";
import type { RestClient } from "@datalayer/shared/kube/rest";
import type { Logger } from "@datalayer/shared/log/logger";
import { readOrCreateSecret } from "../own-secret.ts";
import type { Runtime } from "./runtime.ts";
import type { BodySeals } from "../claim/body-seals.ts";
import { deriveToken, sealBody, type TokenKeys } from "./token.ts";

/** Where the keys are kept. */
export interface RuntimeTokensOptions {
  client: RestClient;
  /** The Secret with the keys; created with a first key where it does not exist. */
  secret: ObjectRef;
  clock: Clock;
  log: Logger;
}

const keyPrefix = "key-";
const readAgainAfterMs = 60_000;

/**
 * The tokens of runtimes, and the seals of claims, which are made with the same keys.
 *
 * The keys lie in one Secret: `cluster` (identity of the cluster), `current` (id of the key for new Pods) and
 * `key-<id>`, one each. To rotate, add a key and name it as `current`; new Pods take it within a minute. The
 * operator creates the Secret, because a tool that renders charts anew would make a new key each time.
 */
export class RuntimeTokens implements BodySeals {
  readonly #options: RuntimeTokensOptions;
  #keys: TokenKeys | undefined;
  #readAtMs = 0;
  #reading: Promise<TokenKeys> | undefined;
  /** Ids of lost keys that were told of. */
  readonly #lost = new Set<string>();

  constructor(options: RuntimeTokensOptions) {
    this.#options = options;
  }

  /** Id of the key for new Pods. */
  async currentKeyId(): Promise<string> {
    return (await this.#keysNotOlderThan(readAgainAfterMs)).currentId;
  }

  /** The token of a runtime. @throws Error when the Secret does not hold the key that the Pod names. */
  async of({
    tokenKeyId,
    namespace,
    ulid,
  }: Pick<Runtime, "tokenKeyId" | "namespace" | "ulid">): Promise<string> {
    return deriveToken(await this.#keysWith(tokenKeyId), tokenKeyId, { namespace, ulid });
  }

  /** The token of a runtime; undefined, with one warning a key, when the Secret does not hold the key that it names. */
  async find(runtime: Pick<Runtime, "tokenKeyId" | "namespace" | "ulid">): Promise<string | undefined> {
    const { tokenKeyId } = runtime;
    const keys = await this.#keysWith(tokenKeyId);
    if (keys.keys.has(tokenKeyId)) return deriveToken(keys, tokenKeyId, runtime);
    if (!this.#lost.has(tokenKeyId)) {
      const { log, secret } = this.#options;
      const where = `Secret ${secret.namespace ?? ""}/${secret.name}`;
      // Not as fields, which are masked for their names.
      log.warn(`${where} has lost "key-${tokenKeyId}": runtimes that name it are shown without a token`);
      this.#lost.add(tokenKeyId);
    }
    return undefined;
  }

  /** See {@link BodySeals}. */
  async seal(bodyHash: string): Promise<string> {
    const keys = await this.#keysNotOlderThan(Infinity);
    return sealBody(keys, keys.currentId, bodyHash);
  }

  /** See {@link BodySeals}. A seal whose key is gone is a seal of nothing. */
  async isSealOf(seal: string, bodyHash: string): Promise<boolean> {
    const keyId = seal.slice(0, Math.max(0, seal.lastIndexOf(".")));
    const keys = await this.#keysWith(keyId);
    return keys.keys.has(keyId) && sealBody(keys, keyId, bodyHash) === seal;
  }

  async #keysWith(keyId: string): Promise<TokenKeys> {
    const known = await this.#keysNotOlderThan(Infinity);
    return known.keys.has(keyId) ? known : await this.#read();
  }

  /** The UIDs of those runtimes whose token cannot be derived: the Secret does not hold the key that they name. */
  async without(runtimes: readonly Pick<Runtime, "uid" | "tokenKeyId">[]): Promise<ReadonlySet<string>> {
    let { keys } = await this.#keysNotOlderThan(Infinity);
    const isMissing = ({ tokenKeyId }: Pick<Runtime, "tokenKeyId">): boolean => !keys.has(tokenKeyId);
    if (runtimes.some(isMissing)) ({ keys } = await this.#read());
    return new Set(runtimes.filter(isMissing).map(({ uid }) => uid));
  }

  async #keysNotOlderThan(maxAgeMs: number): Promise<TokenKeys> {
    const ageMs = this.#options.clock.monotonicMs() - this.#readAtMs;
    return this.#keys && ageMs <= maxAgeMs ? this.#keys : await this.#read();
  }

  /** One read serves all who ask meanwhile: a list may show many runtimes whose key is lost. */
  #read(): Promise<TokenKeys> {
    this.#reading ??= this.#readNow().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #readNow(): Promise<TokenKeys> {
    const { client, clock, secret } = this.#options;
    this.#keys = parseKeys(await readOrCreateSecret(client, secret, firstKeys), secret);
    this.#readAtMs = clock.monotonicMs();
    return this.#keys;
  }
}

function firstKeys(): Record<string, string> {
  const id = randomBytes(4).toString("hex");
  return {
    cluster: randomUUID(),
    current: id,
    [`${keyPrefix}${id}`]: randomBytes(32).toString("base64"),
  };
}

/** Reads the Secret. @throws Error naming the Secret and the entry that is missing. */
function parseKeys(secret: Secret, ref: ObjectRef): TokenKeys {
  const data = secret.data ?? {};
  const textOf = (entry: string): string => {
    const text = data[entry];
    if (text === undefined)
      throw new Error(`Secret ${ref.namespace ?? ""}/${ref.name} has no entry "${entry}"`);
    return Buffer.from(text, "base64").toString();
  };
  const ids = Object.keys(data).filter((entry) => entry.startsWith(keyPrefix));
  const keys = ids.map(
    (entry) => [entry.slice(keyPrefix.length), Buffer.from(textOf(entry), "base64")] as const,
  );
  const currentId = textOf("current");
  textOf(`${keyPrefix}${currentId}`);
  return { cluster: textOf("cluster"), currentId, keys: new Map(keys) };
}
