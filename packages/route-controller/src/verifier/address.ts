import type { RouteAuth } from "@datalayer/shared/crds/route";
import type { RouteClassSpec } from "@datalayer/shared/crds/route-class";

/** Below it, the verifier has one path for each Route. */
export const verifyPath = "/verify";

/** The ways of `spec.auth` whose requests the verifier decides on; Traefik itself does the others. */
export const verifiedFields = ["jwt", "apiKey", "platform", "forward"] as const;
export type VerifiedField = (typeof verifiedFields)[number];

/** The way of a Route that the verifier decides on; undefined for every other. */
export function verifiedField(auth: RouteAuth): VerifiedField | undefined {
  return verifiedFields.find((field) => auth[field] !== undefined);
}

/**
 * Where a data plane asks whether a request to a Route may pass.
 * @param verifier - the address in the RouteClass, with or without slash at its end.
 */
export function verifierUrl(verifier: string, routeUid: string): string {
  return `${verifier.replace(/\/+$/, "")}${verifyPath}/${routeUid}`;
}

/** What the verifier says of whom it lets in, in headers of the request that the target receives. */
export const identityHeader = {
  /** The field of `spec.auth`: `jwt`, `apiKey`, `platform`, `forward`. */
  method: "X-Auth-Method",
  /** The claim `sub`, or the name of the client in the Secret. */
  subject: "X-Auth-Subject",
  /** The claim `iss`. */
  issuer: "X-Auth-Issuer",
  /** The same as the subject, under the name that many applications read. */
  user: "X-Forwarded-User",
} as const;

/** Connection, routing and addresses: nobody's claim or answer may change them. */
const reserved =
  /^(host|connection|upgrade|te|trailer|transfer-encoding|keep-alive|proxy-.*|content-.*|expect|sec-websocket-.*|set-cookie|x-real-ip|x-forwarded-(?!user$|email$|groups$|preferred-username$|access-token$).*)$/i;

/** Whether a Route or RouteClass may have a header of this name set. */
export function isSettable(header: string): boolean {
  return !reserved.test(header);
}

/**
 * Every header that the target of a Route gets from the verifier and from nobody else: for `authResponseHeaders`,
 * which removes what came from outside. The header of an API key is among them and is never set: the key ends here.
 */
export function headersFromVerifier(auth: RouteAuth, routeClass: RouteClassSpec): string[] {
  const key = auth.apiKey && [keyHeader(auth.apiKey)].filter(isSettable);
  const all = [...Object.values(identityHeader), ...chosenHeaders(auth, routeClass), ...(key ?? [])];
  return all.filter((name, index) => all.findIndex((other) => isSameHeader(other, name)) === index);
}

/** What the owner of a Route, or of its class, wants its targets to learn; what nobody may set is left out. */
export function chosenHeaders({ jwt, platform, forward }: RouteAuth, routeClass: RouteClassSpec): string[] {
  const claims = jwt?.claimHeaders?.map(({ header }) => header);
  const answered = platform ? routeClass.platform?.responseHeaders : forward?.responseHeaders;
  return (claims ?? answered ?? []).filter(isSettable);
}

/** The header that carries the key of a client. */
export function keyHeader({ header }: NonNullable<RouteAuth["apiKey"]>): string {
  return header ?? "X-Api-Key";
}

function isSameHeader(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** Headers by which other proxies say who somebody is, so that a target may believe them; `*` for any ending. */
const spoofable = [
  "X-Auth-*",
  "X-Authenticated-*",
  "X-Forwarded-User",
  "X-Forwarded-Email",
  "X-Forwarded-Groups",
  "X-Forwarded-Preferred-Username",
  "X-Forwarded-Access-Token",
  "X-Remote-*",
  "Remote-User",
  "Remote-Name",
  "Remote-Email",
  "Remote-Groups",
  "X-WebAuth-*",
];

/**
 * The regular expression (RE2) for `authResponseHeadersRegex`: these headers and all that pretend to identity are
 * removed from a request, also under names that some targets take for the same (`X_Auth_User`, `X.Auth.User`).
 */
export function strippedHeadersPattern(headers: readonly string[]): string {
  const names = [...spoofable, ...headers].map((name) =>
    name.replaceAll("-", "[^a-z0-9]").replaceAll("*", ".*"),
  );
  return `^(?i:${[...new Set(names)].join("|")})$`;
}

/** What the verifier has to see of a request, for `authRequestHeaders`; the rest stays with the data plane. */
export function headersToVerifier(auth: RouteAuth): string[] {
  if (auth.jwt) return ["Authorization"];
  if (auth.apiKey) return [keyHeader(auth.apiKey)];
  return ["Authorization", "Cookie", "X-Api-Key", "Origin"];
}
