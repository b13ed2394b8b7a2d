import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { onRequestHookHandler } from "fastify";
import type { Secret } from "../config/secret.ts";
import { Problem } from "./problem.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Answers without an API key. */
    public?: boolean;
  }
}

/** The keys that are valid now: the current one and, during a rotation, the previous one. */
export type ApiKeys = () => readonly string[];

/** The keys of the settings, as they are now: they follow the files that hold them. */
export function apiKeysOf(settings: { apiKey?: Secret; previousApiKey?: Secret }): ApiKeys {
  return () => [settings.apiKey, settings.previousApiKey].flatMap((key) => key?.reveal() ?? []);
}

/**
 * Refuses requests without a valid `X-API-Key`, before their body is read. Routes with `config.public` are
 * exempt; unknown paths are not. Every refusal is the same 401, whatever was wrong with the key.
 */
export function requireApiKey(apiKeys: ApiKeys): onRequestHookHandler {
  return (request, reply, done) => {
    const isAllowed =
      request.routeOptions.config.public || isValidKey(request.headers["x-api-key"], apiKeys());
    // What a refused client still sends of its body is not worth reading.
    if (!isAllowed && hasBody(request.headers)) void reply.header("connection", "close");
    done(isAllowed ? undefined : unauthorized());
  };
}

function unauthorized(): Problem {
  return new Problem(401, {
    detail: "Send a valid key in the X-API-Key header.",
    headers: { "www-authenticate": 'ApiKey realm="datalayer-operator"' },
  });
}

function hasBody(headers: IncomingHttpHeaders): boolean {
  return headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;
}

/**
 * Whether a header carries one of the keys. In constant time: digests have equal length whatever was sent, and
 * every key is compared whatever the ones before it gave. A header that is absent is compared too, and so is
 * one that was sent twice, which arrives joined by a comma. Empty keys admit nobody.
 */
export function isValidKey(header: string | string[] | undefined, keys: readonly string[]): boolean {
  const given = digest(String(header ?? ""));
  const matches = keys.map((key) => Number(timingSafeEqual(given, digest(key))) & Number(key !== ""));
  return matches.reduce((either, match) => either | match, 0) === 1;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text, "utf8").digest();
}
