import type { HttpRouteFilter } from "@datalayer/shared/crds/gateway-api";
import type { RouteHeaders, RoutePolicy } from "@datalayer/shared/crds/route";
import { passHeader } from "../../route/pass.ts";
import type { ResolvedRule } from "../backend.ts";

/** What is done with the requests and answers of a rule. */
export function filtersOf(rule: ResolvedRule, { cors }: RoutePolicy): HttpRouteFilter[] {
  return [
    ...headerFilters(rule),
    ...redirectFilters(rule),
    ...rewriteFilters(rule),
    ...mirrorFilters(rule),
    ...corsFilters(cors),
  ];
}

function headerFilters({ headers, pass }: ResolvedRule): HttpRouteFilter[] {
  const { response } = headers ?? {};
  const request = pass === undefined ? headers?.request : withPass(headers?.request ?? {}, pass);
  return [
    ...(request ? [{ type: "RequestHeaderModifier", requestHeaderModifier: request }] : []),
    ...(response ? [{ type: "ResponseHeaderModifier", responseHeaderModifier: response }] : []),
  ];
}

type Edits = NonNullable<RouteHeaders["request"]>;

/** A rule has one filter of a kind, and one edit of a header. */
function withPass({ set = [], remove = [] }: Edits, value: string): Edits {
  const isOther = (name: string): boolean => name.toLowerCase() !== passHeader.toLowerCase();
  return {
    set: [...set.filter(({ name }) => isOther(name)), { name: passHeader, value }],
    ...(remove.length > 0 && { remove: remove.filter(isOther) }),
  };
}

function redirectFilters({ redirect }: ResolvedRule): HttpRouteFilter[] {
  if (!redirect) return [];
  const { scheme, host, port, statusCode = 302 } = redirect;
  const path = pathChange(redirect);
  const requestRedirect = {
    ...(scheme && { scheme }),
    ...(host !== undefined && { hostname: host }),
    ...(port !== undefined && { port }),
    ...(path && { path }),
    statusCode,
  };
  return [{ type: "RequestRedirect", requestRedirect }];
}

function rewriteFilters({ rewrite }: ResolvedRule): HttpRouteFilter[] {
  return rewrite ? [{ type: "URLRewrite", urlRewrite: { path: pathChange(rewrite) } }] : [];
}

function pathChange({ path, prefix }: { path?: string; prefix?: string }) {
  if (path !== undefined) return { type: "ReplaceFullPath", replaceFullPath: path };
  return prefix === undefined ? undefined : { type: "ReplacePrefixMatch", replacePrefixMatch: prefix };
}

function mirrorFilters({ mirror }: ResolvedRule): HttpRouteFilter[] {
  if (!mirror) return [];
  const { service, percent } = mirror;
  const backendRef = { name: service.name, port: service.port };
  return [{ type: "RequestMirror", requestMirror: { backendRef, ...(percent < 100 && { percent }) } }];
}

function corsFilters(cors: RoutePolicy["cors"]): HttpRouteFilter[] {
  if (!cors) return [];
  const { origins, methods, headers, exposeHeaders, credentials, maxAgeSeconds } = cors;
  const filter = {
    allowOrigins: origins,
    ...(methods && { allowMethods: methods }),
    ...(headers && { allowHeaders: headers }),
    ...(exposeHeaders && { exposeHeaders }),
    ...(credentials && { allowCredentials: true }),
    ...(maxAgeSeconds !== undefined && { maxAge: maxAgeSeconds }),
  };
  return [{ type: "CORS", cors: filter }];
}
