import type { RequestHeaders } from "./forwarded-request.ts";

/** What a request shows to be let in: `undefined` when nothing, `null` when it cannot be made sense of. */
export type Shown<T> = T | undefined | null;

/**
 * The one value of a header. Two are refused: the verifier would look at one, and a target might at the other.
 */
function shownIn(headers: RequestHeaders, name: string): Shown<string> {
  const values = headers[name.toLowerCase()] ?? [];
  if (values.length === 0) return undefined;
  return values.length === 1 && values[0] ? values[0] : null;
}

/** The token behind `Bearer`, of the three parts that signed tokens have. */
export function bearerToken(headers: RequestHeaders): Shown<string> {
  const shown = shownIn(headers, "authorization");
  return shown && (/^Bearer +([\w-]+\.[\w-]+\.[\w-]*)$/i.exec(shown)?.[1] ?? null);
}

/** The key in a header; in `Authorization` it stands behind the word Bearer or ApiKey. */
export function shownKey(headers: RequestHeaders, name: string): Shown<string> {
  const shown = shownIn(headers, name);
  if (!shown || name.toLowerCase() !== "authorization") return shown;
  return /^(?:Bearer|ApiKey) +(\S+)$/i.exec(shown)?.[1] ?? null;
}

const once = ["authorization", "x-api-key", "origin"];

/** What a service that is asked about a request gets of it, beside `X-Forwarded-*`. */
export function forwardedCredentials(headers: RequestHeaders): Record<string, string> | null {
  const shown = once.map((name) => [name, shownIn(headers, name)] as const);
  const cookies = headers["cookie"];
  const credentials: Record<string, string> = cookies ? { cookie: cookies.join("; ") } : {};
  for (const [name, value] of shown) {
    if (value === null) return null;
    if (value !== undefined) credentials[name] = value;
  }
  return credentials;
}
