import type { HttpRouteFilter } from "@datalayer/shared/crds/gateway-api";
import type { RouteRule } from "@datalayer/shared/crds/route";
import type { Refuse } from "./import-http-route.ts";

type Changes = Pick<RouteRule, "headers" | "redirect" | "rewrite">;
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

/** What the filters of a rule change. */
export function importFilters(filters: readonly HttpRouteFilter[], field: string, refuse: Refuse): Changes {
  const changes = filters.map((filter, index) => importFilter(filter, `${field}[${index}]`, refuse));
  const headers = changes.reduce((all, one) => ({ ...all, ...one.headers }), {});
  return {
    ...Object.assign({}, ...changes),
    ...(Object.keys(headers).length > 0 && { headers }),
  } as Changes;
}

function importFilter(filter: HttpRouteFilter, field: string, refuse: Refuse): Changes {
  switch (filter.type) {
    case "RequestHeaderModifier":
      return { headers: { request: importHeaders(filter["requestHeaderModifier"], field, refuse) } };
    case "ResponseHeaderModifier":
      return { headers: { response: importHeaders(filter["responseHeaderModifier"], field, refuse) } };
    case "RequestRedirect":
      return { redirect: importRedirect(filter["requestRedirect"] as RedirectFilter) };
    case "URLRewrite":
      return importRewrite(filter["urlRewrite"] as RedirectFilter, field, refuse);
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
