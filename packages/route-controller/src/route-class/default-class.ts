import { defaultRouteClass, RouteClass } from "@datalayer/shared/crds/route-class";
import type { Manifest } from "@datalayer/shared/kube/object";
import type { ClassSettings } from "../class-settings.ts";

/**
 * The class of Routes that name none, as it is created: served by Traefik, and every watched namespace may have every
 * host. Once it is there, it is the administrator's.
 */
export function buildDefaultClass(
  options: { namespaces: readonly string[] } & Partial<ClassSettings>,
): Manifest<RouteClass> {
  const { namespaces } = options;
  return {
    apiVersion: RouteClass.apiVersion,
    kind: RouteClass.kind,
    metadata: { name: defaultRouteClass },
    spec: {
      backend: "traefik",
      hosts: [{ pattern: "*", namespaces: namespaces.includes("*") ? ["*"] : [...namespaces] }],
      ...servicesOf(options),
    },
  };
}

/** What Routes of the class are served with. */
function servicesOf(settings: Partial<ClassSettings>): Partial<RouteClass["spec"]> {
  const { certificateIssuer, verifierUrl, traefikService, runtimeGatewayService } = settings;
  const [namespace, name] = pair(traefikService, "/");
  const [gateway, port] = pair(runtimeGatewayService, ":");
  return {
    ...(certificateIssuer !== undefined && { issuerRef: { name: certificateIssuer } }),
    ...(verifierUrl !== undefined && { verifier: { url: verifierUrl } }),
    ...(runtimeGatewayService !== undefined && {
      runtimeGateway: { service: { name: gateway, port: Number(port) } },
    }),
    ...(traefikService !== undefined && { traefik: { service: { namespace, name } } }),
  };
}

function pair(text: string | undefined, separator: string): [string, string] {
  const [first = "", second = ""] = text?.split(separator) ?? [];
  return [first, second];
}
