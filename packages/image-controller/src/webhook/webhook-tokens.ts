import type { Clock } from "@datalayer/shared/clock/clock";
import type { Image } from "@datalayer/shared/crds/image";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { Secret } from "@datalayer/shared/kube/kinds";
import type { RestClient } from "@datalayer/shared/kube/rest";

/** Whoever finds the address can call as often as they like: the API server is not asked each time. */
const goodForMs = 5_000;
const mostTokens = 10_000;
const tokenKey = "token";

/** The tokens of the webhooks of Images, each read at most once in 5 s. */
export class WebhookTokens {
  readonly #client: RestClient;
  readonly #clock: Clock;
  readonly #read = new Map<string, { atMs: number; token: Promise<string | undefined> }>();

  constructor(client: RestClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** The token of an Image; undefined when it names no Secret, or one that is not there or has none. */
  async of({ metadata, spec }: Image): Promise<string | undefined> {
    const name = spec.triggers?.webhookSecretRef?.name;
    if (name === undefined) return undefined;
    const { namespace = "" } = metadata;
    const key = `${namespace}/${name}`;
    const nowMs = this.#clock.monotonicMs();
    const known = this.#read.get(key);
    if (known && nowMs - known.atMs < goodForMs) return known.token;
    const token = this.#tokenIn({ namespace, name });
    this.#remember(key, { atMs: nowMs, token });
    return token;
  }

  async #tokenIn(ref: { namespace: string; name: string }): Promise<string | undefined> {
    try {
      const { data = {} } = await this.#client.get(Secret, ref);
      // Editors and `echo` add a line break.
      return (
        Buffer.from(data[tokenKey] ?? "", "base64")
          .toString("utf8")
          .trim() || undefined
      );
    } catch (error) {
      if (error instanceof ApiError && error.isNotFound) return undefined;
      this.#read.delete(`${ref.namespace}/${ref.name}`);
      throw error;
    }
  }

  #remember(key: string, entry: { atMs: number; token: Promise<string | undefined> }): void {
    const [oldest] = this.#read.keys();
    if (oldest !== undefined && this.#read.size >= mostTokens) this.#read.delete(oldest);
    this.#read.set(key, entry);
  }
}
