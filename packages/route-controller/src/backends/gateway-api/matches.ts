import type { HttpRouteMatch } from "@datalayer/shared/crds/gateway-api";
import type { ResolvedMatch } from "../backend.ts";

/** The matches of an HTTPRoute for one of a Route: one for each of its methods. */
export function matchesOf({ path, methods, headers, query }: ResolvedMatch): HttpRouteMatch[] {
  const match: HttpRouteMatch = {
    path: pathMatch(path),
    ...(headers?.length && { headers: headers.map(valueMatch) }),
    ...(query?.length && { queryParams: query.map(valueMatch) }),
  };
  return methods?.length ? methods.map((method) => ({ ...match, method })) : [match];
}

function pathMatch(path: ResolvedMatch["path"]): { type: string; value: string } {
  if (!path) return { type: "PathPrefix", value: "/" };
  const { type = "Prefix", value } = path;
  switch (type) {
    case "Exact":
      return { type: "Exact", value };
    case "Prefix":
      return { type: "PathPrefix", value };
    case "Regex":
      return { type: "RegularExpression", value: wholeOf(value) };
  }
}

function valueMatch(field: { name: string; type?: string; value: string }): {
  type: string;
  name: string;
  value: string;
} {
  const { name, value } = field;
  return field.type === "Regex"
    ? { type: "RegularExpression", name, value: wholeOf(value) }
    : { type: "Exact", name, value };
}

/** Some implementations look for the expression anywhere in the text; ours are for the whole of it. */
function wholeOf(expression: string): string {
  return `^(?:${expression})$`;
}
