import { strippedHeadersPattern } from "../../verifier/address.ts";
import type { ResolvedAuth } from "../backend.ts";
import type { MiddlewareSpec } from "./middlewares.ts";

/** Longest answer of a service that is asked; a longer one refuses the request. */
const longestAnswerBytes = 1024 ** 2;

/** What decides on whether a request comes in. Certificates of clients are asked for before there is one. */
export function authMiddlewares(auth: ResolvedAuth): MiddlewareSpec[] {
  switch (auth.kind) {
    case "none":
    case "target":
    case "clientCert":
      return [];
    case "basic":
      // The target has no use for the password.
      return [{ basicAuth: { secret: auth.secretName, removeHeader: true } }];
    case "forward":
      return [forwardAuth(auth)];
  }
}

/**
 * Paths that hold another path, encoded: a target that decodes them would serve what another rule, with other
 * protection, stands before. Not where the target itself asks for credentials, on every path.
 */
export function pathGuard(auth: ResolvedAuth): MiddlewareSpec[] {
  if (auth.kind === "target") return [];
  return [{ encodedCharacters: { allowEncodedSemicolon: true, allowEncodedPercent: true } }];
}

function forwardAuth({
  url,
  requestHeaders,
  responseHeaders,
}: Extract<ResolvedAuth, { kind: "forward" }>): MiddlewareSpec {
  return {
    forwardAuth: {
      address: url,
      trustForwardHeader: false,
      maxResponseBodySize: longestAnswerBytes,
      // A sign-in page may be named by its path alone, which is one of the Route's host.
      preserveLocationHeader: true,
      // The service that is asked sees no identity that the client made up.
      authRequestHeaders: [...requestHeaders],
      authResponseHeadersRegex: strippedHeadersPattern(responseHeaders),
    },
  };
}
