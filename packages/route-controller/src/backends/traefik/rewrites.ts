import type { RouteHeaders, RouteRedirect, RouteRewrite } from "@datalayer/shared/crds/route";
import type { ResolvedMatch } from "../backend.ts";
import { prefixSubstitution, replacementText } from "./expressions.ts";
import type { MiddlewareSpec } from "./middlewares.ts";

/** Changes headers of requests and answers. */
export function headerEdits({ request, response }: RouteHeaders): MiddlewareSpec {
  const customRequestHeaders = editsOf(request);
  const customResponseHeaders = editsOf(response);
  return {
    headers: {
      ...(customRequestHeaders && { customRequestHeaders }),
      ...(customResponseHeaders && { customResponseHeaders }),
    },
  };
}

/** For Traefik, an empty value removes the header. */
function editsOf(edits: RouteHeaders["request"]): Record<string, string> | undefined {
  if (!edits) return undefined;
  const removed = (edits.remove ?? []).map((name): [string, string] => [name, ""]);
  const set = (edits.set ?? []).map(({ name, value }): [string, string] => [name, value]);
  return Object.fromEntries([...removed, ...set]);
}

/** Changes the path that the target sees. */
export function rewrite({ path, prefix = "/" }: RouteRewrite, match: ResolvedMatch): MiddlewareSpec {
  if (path !== undefined) return { replacePath: { path } };
  const change = { from: match.path?.value ?? "/", to: prefix };
  const { regex, replacement } = prefixSubstitution(change, { group: 1, rest: "." });
  return { replacePathRegex: { regex: `^${regex}$`, replacement } };
}

/** Answers with another address. */
export function redirect(target: RouteRedirect, match: ResolvedMatch): MiddlewareSpec {
  const path = pathSubstitution(target, match);
  const { scheme = "${1}", statusCode, host } = target;
  const address = `${scheme}://${host === undefined ? "${2}" : replacementText(host)}${portText(target)}`;
  return {
    redirectRegex: {
      // Scheme, host, port, path, query.
      regex: `^(https?)://([^/?#:]+|\\[[^/?#\\]]+\\])(:[0-9]+)?${path.regex}(\\?.*)?$`,
      replacement: `${address}${path.replacement}\${5}`,
      permanent: statusCode === 301,
    },
  };
}

/** Answers requests over HTTP with the same address under HTTPS. */
export const redirectToHttps: MiddlewareSpec = { redirectScheme: { scheme: "https", permanent: true } };

function pathSubstitution({ path, prefix }: RouteRedirect, match: ResolvedMatch) {
  if (path !== undefined) return { regex: "([^?#]*)", replacement: replacementText(path) };
  if (prefix === undefined) return { regex: "([^?#]*)", replacement: "${4}" };
  return prefixSubstitution({ from: match.path?.value ?? "/", to: prefix }, { group: 4, rest: "[^?#]" });
}

/** The port of the request is kept with its scheme. */
function portText({ scheme, port }: RouteRedirect): string {
  if (port === undefined) return scheme === undefined ? "${3}" : "";
  const usual = { http: 80, https: 443 } as const;
  return scheme !== undefined && usual[scheme] === port ? "" : `:${port}`;
}
