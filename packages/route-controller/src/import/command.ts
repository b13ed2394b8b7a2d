import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import type { HttpRoute } from "@datalayer/shared/crds/gateway-api";
import { importHttpRoute, type ImportOptions } from "./import-http-route.ts";
import { parseHttpRoutes } from "./parse-http-routes.ts";

const usage = `Usage: kubectl get httproutes -o json | route-controller import --auth none|target [--class name] [--host host]... [--wildcards]

Writes the Routes that do the same, as JSON for kubectl apply. HTTPRoutes that no Route can stand for are named on
standard error with the fields in question, and the exit code is 1.
`;

/**
 * The command `import`: HTTPRoutes on standard input, as JSON, become Routes on standard output. Nothing is written to
 * a cluster. Answers with the exit code.
 */
export async function runImport(args: readonly string[]): Promise<number> {
  const options = optionsOf(args);
  if (!options) {
    process.stderr.write(usage);
    return 2;
  }
  const httpRoutes = readHttpRoutes(await text(process.stdin));
  if (!httpRoutes) return 2;
  const { list, complaints } = importAll(httpRoutes, options);
  process.stdout.write(`${JSON.stringify(list, undefined, 2)}\n`);
  for (const complaint of complaints) process.stderr.write(`${complaint}\n`);
  return complaints.length > 0 ? 1 : 0;
}

/** Undefined when they cannot be read, which is then said on standard error. */
function readHttpRoutes(given: string): HttpRoute[] | undefined {
  try {
    return parseHttpRoutes(given);
  } catch (error) {
    process.stderr.write(`standard input: ${(error as Error).message}\n`);
    return undefined;
  }
}

/** The Routes as a list, and a line for each field that none can do. */
export function importAll(
  httpRoutes: readonly HttpRoute[],
  options: ImportOptions,
): { list: { apiVersion: "v1"; kind: "List"; items: object[] }; complaints: string[] } {
  const items: object[] = [];
  const complaints: string[] = [];
  for (const httpRoute of httpRoutes) {
    const { namespace = "", name } = httpRoute.metadata;
    const imported = importHttpRoute(httpRoute, options);
    if ("route" in imported) items.push(imported.route);
    else
      for (const { field, reason } of imported.unsupported)
        complaints.push(`${namespace}/${name}: ${field}: ${reason}`);
  }
  return { list: { apiVersion: "v1", kind: "List", items }, complaints };
}

/** Undefined when they cannot be used. */
function optionsOf(args: readonly string[]): ImportOptions | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        auth: { type: "string" },
        class: { type: "string" },
        host: { type: "string", multiple: true },
        wildcards: { type: "boolean" },
      },
    });
    const { auth, class: routeClassName, host: hosts, wildcards: withWildcards = false } = values;
    if (auth !== "none" && auth !== "target") return undefined;
    return {
      auth: auth === "none" ? { none: {} } : { target: {} },
      ...(routeClassName !== undefined && { routeClassName }),
      ...(hosts && { hosts }),
      withWildcards,
    };
  } catch {
    return undefined;
  }
}
