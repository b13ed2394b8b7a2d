import { createHash } from "node:crypto";
import type { Clock } from "@datalayer/shared/clock/clock";
import type { Dispatcher } from "undici";
import type { Challenge } from "./challenge.ts";
import type { Credentials } from "./credentials.ts";
import { basicHeader, fetchToken } from "./tokens.ts";

/** Who asks which registry for what. */
export interface AuthorizationRequest {
  host: string;
  scope: string;
  credentials: Credentials | undefined;
  dispatcher: Dispatcher;
  isPlain: boolean;
  signal: AbortSignal | undefined;
}

interface Grant {
  header: string;
  endsAtMs: number;
}

const mostGrants = 1_000;

/** Remembers how registries let us in, so that not every request is refused first. */
export class Authorizations {
  readonly #clock: Clock;
  readonly #grants = new Map<string, Grant>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The header that was good for such a request before, and should still be. */
  known(request: AuthorizationRequest): string | undefined {
    const grant = this.#grants.get(keyOf(request));
    return grant && grant.endsAtMs > this.#clock.monotonicMs() ? grant.header : undefined;
  }

  /** The header that a challenge asks for; undefined when there are no credentials for it. @throws RegistryError */
  async answer(challenge: Challenge, request: AuthorizationRequest): Promise<string | undefined> {
    const { credentials } = request;
    if (challenge.scheme === "basic") {
      if (!credentials || credentials.identityToken !== undefined) return undefined;
      return this.#remember(request, basicHeader(credentials), Infinity);
    }
    const { token, lifeMs } = await fetchToken({ challenge, ...request }, this.#clock);
    return this.#remember(request, `Bearer ${token}`, lifeMs);
  }

  /** What was good is so no longer. */
  forget(request: AuthorizationRequest): void {
    this.#grants.delete(keyOf(request));
  }

  #remember(request: AuthorizationRequest, header: string, lifeMs: number): string {
    const [oldest] = this.#grants.keys();
    if (oldest !== undefined && this.#grants.size >= mostGrants) this.#grants.delete(oldest);
    this.#grants.set(keyOf(request), { header, endsAtMs: this.#clock.monotonicMs() + lifeMs });
    return header;
  }
}

function keyOf({ host, scope, credentials }: AuthorizationRequest): string {
  const { username, password, identityToken } = credentials ?? {};
  const who = JSON.stringify([username, password, identityToken]);
  return JSON.stringify([host, scope, createHash("sha256").update(who).digest("hex")]);
}
