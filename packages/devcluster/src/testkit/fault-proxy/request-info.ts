/** What a request means to the API server; "deletecollection" is a DELETE without a name. */
export type Verb = "get" | "list" | "watch" | "create" | "patch" | "update" | "delete" | "deletecollection";

/** The parts of a request that rules and the log select by. */
export interface RequestInfo {
  readonly verb: Verb;
  /** Empty for the core group and for paths that are not resources. */
  readonly group: string;
  /** Plural name, with the subresource as "pods/status"; empty for paths that are not resources, as /version. */
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

const writeVerbs: ReadonlySet<Verb> = new Set(["create", "patch", "update", "delete", "deletecollection"]);

/** Whether the verb changes the cluster. */
export function isWrite(verb: Verb): boolean {
  return writeVerbs.has(verb);
}

/**
 * Reads method and URL as the API server does
 * (https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/request/requestinfo.go).
 * A create names its object in the body only, so its name is missing here.
 */
export function parseRequest(method: string, url: string): RequestInfo {
  const [path = "", query = ""] = url.split("?", 2);
  const target = parsePath(path);
  return { verb: verbOf(method, target.name !== undefined || target.resource === "", query), ...target };
}

type Target = Omit<RequestInfo, "verb">;

function parsePath(path: string): Target {
  const segments = path.split("/").filter(Boolean).map(decodeURIComponent);
  const [root, first = ""] = segments;
  if (root === "api" && segments.length > 2) return parseResource("", segments.slice(2));
  if (root === "apis" && segments.length > 3) return parseResource(first, segments.slice(3));
  return { group: "", resource: "", namespace: undefined, name: undefined };
}

function parseResource(group: string, segments: string[]): Target {
  const [head, scope, afterScope] = segments;
  const isScoped =
    head === "namespaces" && afterScope !== undefined && !["status", "finalize"].includes(afterScope);
  const [resource = "", name, subresource] = isScoped ? segments.slice(2) : segments;
  const namespace = head === "namespaces" ? scope : undefined;
  return {
    group,
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    namespace,
    name,
  };
}

const verbByMethod: Readonly<Record<string, Verb>> = {
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

function verbOf(method: string, isNamed: boolean, query: string): Verb {
  const verb = verbByMethod[method] ?? "get";
  if (verb === "delete" && !isNamed) return "deletecollection";
  if (verb !== "get") return verb;
  if (asksToWatch(query)) return "watch";
  return isNamed ? "get" : "list";
}

function asksToWatch(query: string): boolean {
  const value = new URLSearchParams(query).get("watch");
  return value !== null && value !== "false" && value !== "0";
}
