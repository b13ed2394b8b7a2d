import type { HttpRouteMatch } from "@datalayer/shared/crds/gateway-api";
import type { RouteMatch } from "@datalayer/shared/crds/route";
import type { Refuse } from "./import-http-route.ts";

/** Most matches of a rule of a Route. */
const maxMatches = 8;

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
const pathTypes = { Exact: "Exact", PathPrefix: "Prefix", RegularExpression: "Regex" } as const;

/** The matches of a rule. A prefix of both kinds is one of whole segments. */
export function importMatches(
  matches: readonly HttpRouteMatch[],
  field: string,
  refuse: Refuse,
): RouteMatch[] {
  if (matches.length > maxMatches) refuse(field, `a rule of a Route has at most ${maxMatches} matches`);
  return matches.map((match, index) => importMatch(match, `${field}[${index}]`, refuse));
}

function importMatch(match: HttpRouteMatch, field: string, refuse: Refuse): RouteMatch {
  const { method, headers = [], queryParams = [] } = match;
  const known = methods.find((one) => one === method);
  if (method !== undefined && !known) refuse(`${field}.method`, `a Route knows no method ${method}`);
  return {
    path: importPath(match.path, `${field}.path.type`, refuse),
    ...(known && { methods: [known] }),
    ...(headers.length > 0 && { headers: headers.map(importValue) }),
    ...(queryParams.length > 0 && { query: queryParams.map(importValue) }),
  };
}

function importPath(
  { type = "PathPrefix", value = "/" }: NonNullable<HttpRouteMatch["path"]> = {},
  field: string,
  refuse: Refuse,
): RouteMatch["path"] {
  const known = Object.entries(pathTypes).find(([name]) => name === type)?.[1];
  if (!known) refuse(field, `a Route knows no type ${type}`);
  return { type: known, value };
}

function importValue({ name, type, value }: { name: string; type?: string; value: string }) {
  return { name, type: type === "RegularExpression" ? ("Regex" as const) : ("Exact" as const), value };
}
