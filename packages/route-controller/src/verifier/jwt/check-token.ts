import type { RouteAuth } from "@datalayer/shared/crds/route";
import { errors, jwtVerify, type JWTPayload } from "jose";
import { chosenHeaders, identityHeader } from "../address.ts";
import { claimValue } from "../header-value.ts";
import { type Denied, type DenialReason, unauthenticated, type Verdict } from "../verdict.ts";
import type { KeySet } from "./key-set.ts";

/** What a Route demands of tokens. */
export type TokenDemands = NonNullable<RouteAuth["jwt"]>;

/** Signatures with a public key only: with HMAC, the public key of an issuer would be the secret. */
const algorithms = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];
/** How far the clocks of an issuer and of this machine may be apart. */
const clockToleranceSeconds = 60;

/**
 * Says whether a token is good for a Route, and whose it is. Nothing that the token says is used before that.
 * @param keys - ready for use, see {@link KeySet.ready}.
 */
export async function checkToken(
  token: string,
  demands: TokenDemands,
  { keys, nowMs }: { keys: KeySet; nowMs: number },
): Promise<Verdict> {
  try {
    const { payload } = await jwtVerify(token, (header) => keys.find(header), {
      algorithms,
      issuer: demands.issuer,
      audience: demands.audiences,
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(nowMs),
      requiredClaims: ["exp"],
    });
    return { kind: "allowed", headers: headersOf(payload, demands), untilMs: (payload.exp ?? 0) * 1_000 };
  } catch (error) {
    return denialOf(error);
  }
}

function headersOf(payload: JWTPayload, demands: TokenDemands): Record<string, string> {
  const subject = claimValue(payload.sub);
  const settable = new Set(chosenHeaders({ jwt: demands }, {}));
  const chosen = (demands.claimHeaders ?? []).filter(({ header }) => settable.has(header));
  const named = new Map<string, [string, string | undefined]>();
  const all: [string, string | undefined][] = [
    [identityHeader.method, "jwt"],
    [identityHeader.subject, subject],
    [identityHeader.issuer, claimValue(payload.iss)],
    [identityHeader.user, subject],
    ...chosen.map(({ claim, header }): [string, string | undefined] => [header, claimValue(payload[claim])]),
  ];
  // By name, whatever the case: what a Route chose stands over our own.
  for (const [name, value] of all) named.set(name.toLowerCase(), [name, value]);
  return Object.fromEntries(
    [...named.values()].filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}

const challenge = 'Bearer error="invalid_token"';

const reasonOfCode: Readonly<Record<string, DenialReason>> = {
  [errors.JWTExpired.code]: "expired",
  [errors.JWSSignatureVerificationFailed.code]: "forged",
  [errors.JOSEAlgNotAllowed.code]: "forged",
  [errors.JWKSNoMatchingKey.code]: "unknown-key",
  [errors.JWKSMultipleMatchingKeys.code]: "unknown-key",
};

const reasonOfClaim: Readonly<Record<string, DenialReason>> = {
  nbf: "not-yet-valid",
  iss: "wrong-issuer",
  aud: "wrong-audience",
};

/** Whatever jose, or the import of a key, finds wrong: the request does not pass. */
function denialOf(error: unknown): Denied {
  if (error instanceof errors.JWTClaimValidationFailed)
    return unauthenticated(reasonOfClaim[error.claim] ?? "malformed-credentials", challenge);
  const code = error instanceof errors.JOSEError ? error.code : "";
  return unauthenticated(reasonOfCode[code] ?? "malformed-credentials", challenge);
}
