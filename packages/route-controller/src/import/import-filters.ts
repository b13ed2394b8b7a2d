import type { HttpBackendRef, HttpRouteFilter } from "@datalayer/shared/crds/gateway-api";
import type { RouteRule } from "@datalayer/shared/crds/route";
import type { Refuse } from "./import-http-route.ts";
import { checkRef } from "./import-targets.ts";

type Changes = Pick<RouteRule, "headers" | "redirect" | "rewrite" | "mirror">;
type HeaderChange = NonNullable<NonNullable<RouteRule["headers"]>["request"]>;

interface HeaderFilter extends HeaderChange {
  add?: unknown[];
}

interface PathChange {
  type: string;
  replaceFullPath?: string;
  replacePrefixMatch?: string;
}

interface RedirectFilter {
  scheme?: "http" | "https";
  hostname?: string;
  port?: number;
  path?: PathChange;
  statusCode?: number;
}

interface MirrorFilter {
  backendRef: HttpBackendRef;
  percent?: number;
  fraction?: { numerator: number; denominator?: number };
}

/** A field of an HTTPRoute of this namespace. */
interface Place {
  field: string;
  namespace: string;
  refuse: Refuse;
}

/** What the filters of a rule change. */
export function importFilters(filters: readonly HttpRouteFilter[], place: Place): Changes {
  const { field, refuse } = place;
  const changes = filters.map((filter, index) =>
    importFilter(filter, { ...place, field: `${field}[${index}]` }),
  );
  if (changes.filter(({ mirror }) => mirror).length > 1) refuse(field, "a rule of a Route has one mirror");
  const headers = changes.reduce((all, one) => ({ ...all, ...one.headers }), {});
  return {
    ...Object.assign({}, ...changes),
    ...(Object.keys(headers).length > 0 && { headers }),
  } as Changes;
}

function importFilter(filter: HttpRouteFilter, place: Place): Changes {
  const { field, refuse } = place;
  switch (filter.type) {
    case "RequestHeaderModifier":
      return { headers: { request: importHeaders(filter["requestHeaderModifier"], field, refuse) } };
    case "ResponseHeaderModifier":
      return { headers: { response: importHeaders(filter["responseHeaderModifier"], field, refuse) } };
    case "RequestRedirect":
      return { redirect: importRedirect(filter["requestRedirect"] as RedirectFilter) };
    case "URLRewrite":
      return importRewrite(filter["urlRewrite"] as RedirectFilter, field, refuse);
    case "RequestMirror":
      return importMirror(filter["requestMirror"] as MirrorFilter, place);
    default:
      refuse(field, `the filter ${filter.type} is not imported`);
      return {};
  }
}

function importHeaders(filter: unknown, field: string, refuse: Refuse): HeaderChange {
  const { set = [], add = [], remove = [] } = filter as HeaderFilter;
  if (add.length > 0) refuse(`${field}.add`, "a Route sets and removes headers, and adds to none");
  return { ...(set.length > 0 && { set }), ...(remove.length > 0 && { remove }) };
}

function importRedirect({ scheme, hostname, port, path, statusCode }: RedirectFilter) {
  return {
    ...(scheme && { scheme }),
    ...(hostname !== undefined && { host: hostname }),
    ...(port !== undefined && { port }),
    ...importPath(path),
    ...(statusCode !== undefined && { statusCode }),
  };
}

function importRewrite({ hostname, path }: RedirectFilter, field: string, refuse: Refuse): Changes {
  if (hostname !== undefined) refuse(`${field}.hostname`, "a Route does not change the host of requests");
  return path ? { rewrite: importPath(path) } : {};
}

function importPath(path: PathChange | undefined): { path?: string; prefix?: string } {
  if (path?.replaceFullPath !== undefined) return { path: path.replaceFullPath };
  return path?.replacePrefixMatch === undefined ? {} : { prefix: path.replacePrefixMatch };
}

function importMirror({ backendRef, percent, fraction }: MirrorFilter, place: Place): Changes {
  const { field, refuse } = place;
  checkRef(backendRef, { ...place, field: `${field}.backendRef` });
  const { numerator, denominator = 100 } = fraction ?? { numerator: percent ?? 100 };
  const share = (numerator / denominator) * 100;
  if (!Number.isInteger(share) || share < 1)
    refuse(`${field}.${fraction ? "fraction" : "percent"}`, "a mirror of a Route gets a share of 1 to 100 %");
  const { name, port = 0 } = backendRef;
  return { mirror: { service: { name }, port, ...(share !== 100 && { percent: share }) } };
}
