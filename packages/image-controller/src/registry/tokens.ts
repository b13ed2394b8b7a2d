import type { Clock } from "@datalayer/shared/clock/clock";
import type { Dispatcher } from "undici";
import type { Challenge } from "./challenge.ts";
import type { Credentials } from "./credentials.ts";
import { type Answer, exchange, refusalOf } from "./exchange.ts";
import { RegistryError } from "./registry-error.ts";

/** What a token is asked with. */
export interface TokenRequest {
  challenge: Extract<Challenge, { scheme: "bearer" }>;
  /** What it has to be good for: `repository:team/image:pull,push`. */
  scope: string;
  credentials: Credentials | undefined;
  dispatcher: Dispatcher;
  /** Whether the registry itself is spoken to without TLS; its tokens may be asked for so, too. */
  isPlain: boolean;
  signal: AbortSignal | undefined;
}

const clientId = "datalayer-image-controller";
/** The specification's own, where a server does not say. */
const defaultLifeSeconds = 60;
/** A token that ends on its way is refused. */
const marginSeconds = 10;

/**
 * Gets the token that a registry asks for.
 * @throws RegistryError
 */
export async function fetchToken(
  request: TokenRequest,
  clock: Clock,
): Promise<{ token: string; lifeMs: number }> {
  const url = realmOf(request);
  const answer = await ask(url, request);
  if (answer.status !== 200)
    throw refusalOf(answer, { what: "the request for a token", url: url.href, nowMs: clock.now() });
  const { token, access_token: accessToken, expires_in: seconds } = fieldsOf(answer.body);
  const value = typeof token === "string" ? token : accessToken;
  if (typeof value !== "string" || !/^[\x21-\x7e]+$/.test(value))
    throw new RegistryError("invalid", `${url.host} gives no token`);
  const life = typeof seconds === "number" && seconds > 0 ? seconds : defaultLifeSeconds;
  return { token: value, lifeMs: Math.max(0, life - marginSeconds) * 1000 };
}

/** A registry chooses who gives out its tokens; credentials are not sent there in the clear. */
function realmOf({ challenge: { realm }, isPlain }: TokenRequest): URL {
  const url = URL.parse(realm);
  const isWell = url !== null && (url.protocol === "https:" || (isPlain && url.protocol === "http:"));
  if (isWell && url.username === "" && url.password === "") return url;
  throw new RegistryError(
    "refused",
    `the registry has tokens asked for at ${realm.slice(0, 200)}, without TLS`,
  );
}

function ask(url: URL, request: TokenRequest): Promise<Answer> {
  const { challenge, scope, credentials, dispatcher, signal } = request;
  const service: Record<string, string> =
    challenge.service === undefined ? {} : { service: challenge.service };
  if (credentials?.identityToken !== undefined) {
    const form = {
      grant_type: "refresh_token",
      refresh_token: credentials.identityToken,
      client_id: clientId,
    };
    const body = new URLSearchParams({ ...form, scope, ...service }).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return exchange({ method: "POST", url: url.href, headers, body, dispatcher, signal });
  }
  for (const [name, value] of Object.entries({ ...service, scope })) url.searchParams.set(name, value);
  const headers = credentials && { authorization: basicHeader(credentials) };
  return exchange({ method: "GET", url: url.href, headers, dispatcher, signal });
}

/** The header that carries name and password. */
export function basicHeader({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function fieldsOf(body: Buffer): Record<string, unknown> {
  try {
    return (JSON.parse(body.toString("utf8")) as Record<string, unknown> | null) ?? {};
  } catch {
    return {};
  }
}
