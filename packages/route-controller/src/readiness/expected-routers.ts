import { createHash } from "node:crypto";
import type { IngressRoute } from "@datalayer/shared/crds/traefik";
import type { KubeObject, Manifest } from "@datalayer/shared/kube/object";

/** A router that Traefik has to show once it serves an IngressRoute. */
export interface ExpectedRouter {
  /** The names that it can have: Traefik has two ways to name routers, and does not tell which it uses. */
  names: readonly string[];
  rule: string;
  priority: number | undefined;
  entryPoints: readonly string[];
  /** Each with the names that it can have. */
  middlewares: readonly (readonly string[])[];
  hasTls: boolean;
}

/** The routers that Traefik makes of the IngressRoutes among these objects of a Route. */
export function expectedRouters(
  namespace: string,
  objects: readonly Manifest<KubeObject>[],
): ExpectedRouter[] {
  return objects.filter(isIngressRoute).flatMap(({ metadata, spec }) =>
    spec.routes.map(({ match, priority, middlewares = [] }, index) => ({
      names: routerNames({ namespace, name: metadata.name, index, match }),
      rule: match,
      priority,
      entryPoints: spec.entryPoints ?? [],
      middlewares: middlewares.map(({ name }) => objectNames(namespace, name)),
      hasTls: spec.tls !== undefined,
    })),
  );
}

function isIngressRoute(object: Manifest<KubeObject>): object is Manifest<IngressRoute> {
  return object.kind === "IngressRoute";
}

/** As Traefik's `pkg/provider/kubernetes/crd/name_builder.go` (3.7) does, with safe naming and without. */
function routerNames(parts: { namespace: string; name: string; index: number; match: string }): string[] {
  const { namespace, name, index, match } = parts;
  const ofRule = createHash("sha256").update(match).digest("hex").slice(0, 20);
  return [`${namespace}_${name}_${index}`, flattened(`${namespace}-${name}-${ofRule}`)];
}

function objectNames(namespace: string, name: string): string[] {
  return [`${namespace}_${name}`, flattened(`${namespace}-${name}`)];
}

/** `provider.Normalize`: whatever is neither a letter nor a digit separates words, which `-` joins. */
function flattened(name: string): string {
  return name
    .split(/[^A-Za-z0-9]+/)
    .filter(Boolean)
    .join("-");
}
