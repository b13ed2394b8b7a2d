import { randomBytes } from "node:crypto";
import type { Clock } from "@datalayer/shared/clock/clock";
import { SettingsError } from "@datalayer/shared/config/settings";
import { type ApiKeys, apiKeysOf } from "@datalayer/shared/http/api-key";
import type { HealthCheck } from "@datalayer/shared/http/health";
import type { Secret } from "@datalayer/shared/kube/kinds";
import type { ObjectRef } from "@datalayer/shared/kube/object";
import type { RestClient } from "@datalayer/shared/kube/rest";
import type { Logger } from "@datalayer/shared/log/logger";
import type { RuntimeControllerSettings } from "../config.ts";
import { readOrCreateSecret } from "../own-secret.ts";

/** The keys of the REST API, wherever they come from. */
export interface ApiKeySource {
  /** Those that are valid now; none as long as they are not known. */
  keys: ApiKeys;
  /** Whether they are known. */
  readiness: HealthCheck;
}

/** What the keys may be read with. */
export interface ApiKeySourceOptions {
  settings: Pick<RuntimeControllerSettings, "apiKey" | "previousApiKey" | "apiKeySecret" | "podNamespace">;
  client: RestClient;
  clock: Clock;
  log: Logger;
}

/**
 * The keys of the REST API: those of the settings, which follow the files that hold them, or those of a Secret.
 * @throws SettingsError when the settings name both or none.
 */
export function apiKeySource(options: ApiKeySourceOptions): ApiKeySource {
  const { settings, client, clock, log } = options;
  const { apiKey, apiKeySecret, podNamespace } = settings;
  if ((apiKey === undefined) === (apiKeySecret === undefined)) {
    const state = apiKey === undefined ? "neither is set" : "both are set";
    const names = "DATALAYER_OPERATOR_API_KEY and DATALAYER_OPERATOR_API_KEY_SECRET";
    throw new SettingsError([`${names}: ${state}; expected one of them`]);
  }
  if (apiKeySecret !== undefined) {
    const secret = { namespace: podNamespace, name: apiKeySecret };
    return new ApiKeySecret({ client, secret, clock, log });
  }
  return { keys: apiKeysOf(settings), readiness: () => undefined };
}

const readAgainAfterMs = 10_000;
const entries = ["apiKey", "previousApiKey"] as const;

/**
 * The keys in a Secret that the operator creates where there is none. It is read again while requests come, so a rotation
 * needs no restart; should it not be readable then, the last keys stay valid.
 */
class ApiKeySecret implements ApiKeySource {
  readonly #options: { client: RestClient; secret: ObjectRef; clock: Clock; log: Logger };
  #keys: readonly string[] = [];
  #readAtMs = -Infinity;
  #reading: Promise<void> | undefined;

  constructor(options: { client: RestClient; secret: ObjectRef; clock: Clock; log: Logger }) {
    this.#options = options;
  }

  readonly keys: ApiKeys = () => {
    const { clock, log, secret } = this.#options;
    if (clock.monotonicMs() - this.#readAtMs >= readAgainAfterMs)
      this.#read().catch((error: unknown) =>
        log.warn(`the API keys in Secret ${secret.namespace ?? ""}/${secret.name} cannot be read`, { error }),
      );
    return this.#keys;
  };

  readonly readiness = async (): Promise<undefined> => {
    if (this.#keys.length === 0) await this.#read();
  };

  /** One read serves all who ask meanwhile. */
  #read(): Promise<void> {
    this.#reading ??= this.#readNow().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #readNow(): Promise<void> {
    const { client, secret, clock, log } = this.#options;
    this.#readAtMs = clock.monotonicMs();
    this.#keys = keysIn(await readOrCreateSecret(client, secret, firstKey), secret);
    for (const key of this.#keys) log.redact(key);
  }
}

/** Both entries hold the same key at first: who mounts them as files finds both. */
function firstKey(): Record<string, string> {
  const key = randomBytes(32).toString("base64url");
  return Object.fromEntries(entries.map((entry) => [entry, key]));
}

/** @throws Error naming the Secret and the entry without which nobody could be let in. */
function keysIn({ data = {} }: Secret, { namespace = "", name }: ObjectRef): string[] {
  const keys = entries.map((entry) =>
    Buffer.from(data[entry] ?? "", "base64")
      .toString()
      .trim(),
  );
  const [current = ""] = keys;
  if (current.length < 16)
    throw new Error(`Secret ${namespace}/${name}: expected "apiKey" to be a text of 16 characters or more`);
  return keys.filter((key) => key !== "");
}
