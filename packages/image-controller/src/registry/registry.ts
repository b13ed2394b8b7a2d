import { type Clock, systemClock } from "@datalayer/shared/clock/clock";
import { Authorizations } from "./authorization.ts";
import { parseChallenge } from "./challenge.ts";
import { Connections } from "./connections.ts";
import type { CredentialsByHost } from "./credentials.ts";
import { type Answer, exchange, type Exchange, refusalOf } from "./exchange.ts";
import type { RepositoryName } from "./reference.ts";
import { RegistryError } from "./registry-error.ts";
import { Repository, type RepositoryRequest } from "./repository.ts";

/** Is told of every request to a registry. */
export interface RegistryObserver {
  /** @param outcome - the class of the status, such as `2xx`, or `failed` where there was no answer. */
  asked(method: string, outcome: string): void;
}

/** How registries are asked. */
export interface RegistriesOptions {
  /** Hosts, with their ports, that are spoken to without TLS. */
  plainHosts?: Iterable<string>;
  clock?: Clock;
  observer?: RegistryObserver;
}

/** With what a repository is asked. */
export interface RepositoryAccess {
  credentials?: CredentialsByHost;
  /** Authorities that are trusted beside those that the system knows, as PEM. */
  ca?: string;
}

/** Registries of the distribution specification. One that asks to be left alone is left alone, by all. */
export class Registries {
  readonly #clock: Clock;
  readonly #observer: RegistryObserver | undefined;
  readonly #connections: Connections;
  readonly #authorizations: Authorizations;
  /** Until when, on the monotonic clock, hosts are left alone. */
  readonly #pausedUntilMs = new Map<string, number>();

  constructor({ plainHosts = [], clock = systemClock, observer }: RegistriesOptions = {}) {
    this.#clock = clock;
    this.#observer = observer;
    this.#connections = new Connections(plainHosts);
    this.#authorizations = new Authorizations(clock);
  }

  /** One repository; nothing is asked yet. */
  repository(name: RepositoryName, access: RepositoryAccess = {}): Repository {
    return new Repository(name, (request) => this.#send(name, access, request));
  }

  /** Ends the connections. */
  close(): Promise<void> {
    return this.#connections.close();
  }

  /** @throws RegistryError unless the status is one of those expected. */
  async #send(name: RepositoryName, access: RepositoryAccess, request: RepositoryRequest): Promise<Answer> {
    this.#refuseWhilePaused(name.host);
    const answer = await this.#authorized(name, access, request);
    if (request.expected.includes(answer.status)) return answer;
    const what = `${request.method} ${request.path}`;
    const url = this.#connections.originOf(name.host);
    const refusal = refusalOf(answer, { what, url, nowMs: this.#clock.now() });
    if (refusal.retryAfterMs !== undefined)
      this.#pausedUntilMs.set(name.host, this.#clock.monotonicMs() + refusal.retryAfterMs);
    throw refusal;
  }

  async #authorized(
    name: RepositoryName,
    { credentials, ca }: RepositoryAccess,
    { method, path, headers, body, signal }: RepositoryRequest,
  ): Promise<Answer> {
    const { host } = name;
    const dispatcher = this.#connections.agent(ca);
    const asking = {
      host,
      scope: `repository:${name.repository}:${actionsOf(method)}`,
      credentials: credentials?.get(host),
      dispatcher,
      isPlain: this.#connections.isPlain(host),
      signal,
    };
    const url = `${this.#connections.originOf(host)}${path}`;
    const send = (authorization: string | undefined): Promise<Answer> =>
      this.#exchange({
        method,
        url,
        body,
        dispatcher,
        signal,
        headers: { ...headers, ...(authorization !== undefined && { authorization }) },
      });
    const first = await send(this.#authorizations.known(asking));
    if (first.status !== 401) return first;
    this.#authorizations.forget(asking);
    const challenge = parseChallenge(first.headers["www-authenticate"]);
    const authorization = challenge && (await this.#authorizations.answer(challenge, asking));
    if (authorization === undefined) return first;
    const second = await send(authorization);
    if (second.status === 401) this.#authorizations.forget(asking);
    return second;
  }

  async #exchange(asked: Exchange): Promise<Answer> {
    try {
      const answer = await exchange(asked);
      this.#observer?.asked(asked.method, `${Math.floor(answer.status / 100)}xx`);
      return answer;
    } catch (error) {
      this.#observer?.asked(asked.method, "failed");
      throw error;
    }
  }

  #refuseWhilePaused(host: string): void {
    const leftMs = (this.#pausedUntilMs.get(host) ?? 0) - this.#clock.monotonicMs();
    if (leftMs <= 0) return;
    const seconds = Math.ceil(leftMs / 1000);
    const message = `${host} asks to be left alone for ${seconds} s`;
    throw new RegistryError("unavailable", message, { retryAfterMs: leftMs });
  }
}

function actionsOf(method: Exchange["method"]): string {
  if (method === "DELETE") return "pull,push,delete";
  return method === "PUT" ? "pull,push" : "pull";
}
