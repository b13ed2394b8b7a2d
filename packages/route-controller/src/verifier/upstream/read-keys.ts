import type { JSONWebKeySet } from "jose";
import type { Dispatcher } from "undici";
import { get } from "./get.ts";

const timeoutMs = 3_000;
const longestBodyBytes = 256 * 1024;
const mostKeys = 100;

/**
 * Reads the keys of an issuer.
 * @throws Error when they are not there, or not of the form of RFC 7517.
 */
export async function readKeys(url: string, dispatcher: Dispatcher): Promise<JSONWebKeySet> {
  const headers = { accept: "application/jwk-set+json, application/json" };
  const { status, body } = await get(url, { dispatcher, headers, timeoutMs, longestBodyBytes });
  if (status !== 200) throw new Error(`${url} answered with ${status}`);
  const set: unknown = JSON.parse(body);
  if (!isKeySet(set)) throw new Error(`${url} did not answer with a set of up to ${mostKeys} keys`);
  return set;
}

function isKeySet(set: unknown): set is JSONWebKeySet {
  const { keys } = (set ?? {}) as { keys?: unknown };
  if (!Array.isArray(keys) || keys.length > mostKeys) return false;
  return keys.every((key) => typeof (key as { kty?: unknown } | null)?.kty === "string");
}
