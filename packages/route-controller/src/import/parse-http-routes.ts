import { HttpRoute } from "@datalayer/shared/crds/gateway-api";
import { z } from "zod";

const named = z.looseObject({ name: z.string() });
const pathChange = z.looseObject({ path: z.looseObject({ type: z.string() }).optional() });
const headerChange = z.looseObject({
  set: z.array(named).optional(),
  add: z.array(named).optional(),
  remove: z.array(z.string()).optional(),
});

/** By its type, a filter has the field of that name. */
const filter = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("RequestHeaderModifier"), requestHeaderModifier: headerChange }),
  z.looseObject({ type: z.literal("ResponseHeaderModifier"), responseHeaderModifier: headerChange }),
  z.looseObject({ type: z.literal("RequestRedirect"), requestRedirect: pathChange }),
  z.looseObject({ type: z.literal("URLRewrite"), urlRewrite: pathChange }),
  z.looseObject({ type: z.literal("RequestMirror"), requestMirror: z.looseObject({ backendRef: named }) }),
  z.looseObject({ type: z.enum(["CORS", "ExternalAuth", "ExtensionRef"]) }),
]);

const condition = named.extend({ value: z.string() });
const match = z.looseObject({
  path: z.looseObject({ type: z.string().optional(), value: z.string().optional() }).optional(),
  method: z.string().optional(),
  headers: z.array(condition).optional(),
  queryParams: z.array(condition).optional(),
});

const rule = z.looseObject({
  name: z.string().optional(),
  matches: z.array(match).optional(),
  filters: z.array(filter).optional(),
  backendRefs: z.array(named.extend({ weight: z.int().nonnegative().optional() })).optional(),
});

/** As far as the importer reads it; the API server has checked the rest. */
const httpRoute = z.looseObject({
  kind: z.literal(HttpRoute.kind),
  metadata: named,
  spec: z.looseObject({
    hostnames: z.array(z.string()).optional(),
    rules: z.array(rule).optional(),
  }),
});

const list = z.looseObject({ items: z.array(httpRoute) });

/**
 * Reads HTTPRoutes as `kubectl get httproutes -o json` writes them: one, or a list.
 *
 * @throws Error that names the field and what was expected there.
 */
export function parseHttpRoutes(text: string): HttpRoute[] {
  const given = parseJson(text);
  const isList = typeof given === "object" && given !== null && "items" in given;
  const { success, data, error } = isList ? list.safeParse(given) : httpRoute.safeParse(given);
  if (!success) throw new Error(`expected HTTPRoutes as JSON; ${faultOf(error)}`);
  // Its schema is a part of that of the API server.
  return ("items" in data ? data.items : [data]) as HttpRoute[];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`expected HTTPRoutes as JSON: ${(error as Error).message}`, { cause: error });
  }
}

function faultOf({ issues: [first] }: z.ZodError): string {
  const { path = [], message = "" } = first ?? {};
  const at = path.reduce<string>(
    (all, part) => (typeof part === "number" ? `${all}[${part}]` : `${all}.${String(part)}`),
    "",
  );
  return `${at.replace(/^\./, "") || "all of it"}: ${message}`;
}
