import { hash } from "node:crypto";
import type { Clock } from "@datalayer/shared/clock/clock";
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWSHeaderParameters } from "jose";

/** A key that a signature is checked with. */
type VerificationKey = Awaited<ReturnType<ReturnType<typeof createLocalJWKSet>>>;

/** Reads the public keys of an issuer. Throws when they cannot be had. */
export type ReadKeys = (url: string) => Promise<JSONWebKeySet>;

/** From this age on the keys are read again, while those at hand still serve. */
const freshMs = 5 * 60_000;
/** From this age on, which keys only reach that nobody asked for, a question waits for those that are read again. */
const waitMs = 10 * 60_000;
/** From this age on the keys at hand serve nobody: the issuer may have withdrawn one long ago. */
const usableMs = 60 * 60_000;
/** After a failure with no keys at hand, this long all questions are refused without trying again. */
const tryAgainMs = 1_000;
/** Tokens with a key that is not among those at hand make us look again, and not more often. */
const lookAgainMs = 10_000;

/** The public keys of one issuer, read when they are needed and again when they may have changed. */
export class KeySet {
  readonly #url: string;
  readonly #read: ReadKeys;
  readonly #clock: Clock;
  #keys: ReturnType<typeof createLocalJWKSet> | undefined;
  #version = "";
  #readAtMs = -Infinity;
  #triedAtMs = -Infinity;
  #reading: Promise<boolean> | undefined;

  constructor(options: { url: string; read: ReadKeys; clock: Clock }) {
    this.#url = options.url;
    this.#read = options.read;
    this.#clock = options.clock;
  }

  /** Another one for other keys: what was decided with those is decided again. Empty before they were read. */
  get version(): string {
    return this.#version;
  }

  /** Makes sure that there are keys, and starts to read them again when they are old. False when there are none. */
  async ready(): Promise<boolean> {
    const ageMs = this.#clock.monotonicMs() - this.#readAtMs;
    if (ageMs < freshMs) return true;
    const isUsable = ageMs < usableMs;
    const refreshed = this.#mayTry(isUsable ? lookAgainMs : tryAgainMs) ? this.#refresh() : this.#reading;
    // The keys at hand are good enough for this question; the next ones will find what is read now.
    if (ageMs < waitMs) return true;
    return (await refreshed) === true || isUsable;
  }

  /**
   * The key that a token names.
   * @throws JOSEError when there is no such key, even after looking again.
   */
  async find(header: JWSHeaderParameters): Promise<VerificationKey> {
    try {
      return await this.#lookUp(header);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const refreshed = this.#mayTry(lookAgainMs) ? this.#refresh() : this.#reading;
      if (!(await refreshed)) throw error;
      return this.#lookUp(header);
    }
  }

  async #lookUp(header: JWSHeaderParameters): Promise<VerificationKey> {
    if (!this.#keys) throw new errors.JWKSNoMatchingKey();
    return this.#keys(header);
  }

  #mayTry(pauseMs: number): boolean {
    return !this.#reading && this.#clock.monotonicMs() - this.#triedAtMs >= pauseMs;
  }

  /** Resolves with whether the keys were read; never rejects. */
  #refresh(): Promise<boolean> {
    this.#triedAtMs = this.#clock.monotonicMs();
    this.#reading = this.#readOnce().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #readOnce(): Promise<boolean> {
    const set = await this.#read(this.#url).catch(() => undefined);
    if (!set) return false;
    const version = hash("sha256", JSON.stringify(set), "base64");
    // Imported keys are kept with the set: an equal one is no reason to import them again.
    if (version !== this.#version) this.#keys = createLocalJWKSet(set);
    this.#version = version;
    this.#readAtMs = this.#clock.monotonicMs();
    return true;
  }
}
