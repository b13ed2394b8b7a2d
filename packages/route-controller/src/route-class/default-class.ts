import { defaultRouteClass, RouteClass } from "@datalayer/shared/crds/route-class";
import type { Manifest } from "@datalayer/shared/kube/object";

/**
 * The class of Routes that name none, as it is created: served by Traefik, and every watched namespace may have every
 * host. Once it is there, it is the administrator's.
 */
export function buildDefaultClass(options: {
  namespaces: readonly string[];
  traefikService?: string | undefined;
}): Manifest<RouteClass> {
  const { namespaces, traefikService } = options;
  const all = namespaces.includes("*");
  const [namespace = "", name = ""] = traefikService?.split("/") ?? [];
  return {
    apiVersion: RouteClass.apiVersion,
    kind: RouteClass.kind,
    metadata: { name: defaultRouteClass },
    spec: {
      backend: "traefik",
      hosts: [{ pattern: "*", namespaces: all ? ["*"] : [...namespaces] }],
      ...(traefikService !== undefined && { traefik: { service: { namespace, name } } }),
    },
  };
}
