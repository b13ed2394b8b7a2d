import { objectName } from "@datalayer/shared/config/names";
import { type SettingsOf, settingTable } from "@datalayer/shared/config/settings";
import { integer, oneOf, url } from "@datalayer/shared/config/values";
import type { RouteSettings } from "./runtime-route/build-route.ts";

/** The settings of the Routes by which users reach runtimes. */
export const routeSettingTable = settingTable({
  runtimeRoutes: {
    name: "DATALAYER_RUNTIME_ROUTES",
    schema: oneOf(["none", "runtime", "pool"]),
    default: "runtime",
    description:
      "Which Routes lead to runtimes: one for each runtime, one for each pool to the runtime gateway, or none. There are none without DATALAYER_RUNTIMES_URL, or where no Routes are served.",
  },
  runtimeRouteClass: {
    name: "DATALAYER_RUNTIME_ROUTE_CLASS",
    schema: objectName,
    default: "datalayer",
    description: "The RouteClass of these Routes.",
  },
  runtimesTlsSecret: {
    name: "DATALAYER_RUNTIMES_TLS_SECRET",
    schema: objectName,
    optional: true,
    description:
      "The Secret, in the namespace of the runtimes, with the certificate of an https DATALAYER_RUNTIMES_URL. Without it, the issuer of the RouteClass makes one.",
  },
  certificateIssuer: {
    name: "DATALAYER_CERT_ISSUER",
    schema: objectName,
    optional: true,
    description: "The ClusterIssuer of cert-manager that makes it then, instead of that of the RouteClass.",
  },
  gatewayUrl: {
    name: "DATALAYER_RUNTIME_GATEWAY_URL",
    schema: url(["http"]),
    optional: true,
    description:
      "Where the runtime gateway says when runtimes were used, such as http://runtime-gateway:2111; every address behind the name is asked. Without it, only the runtimes themselves are.",
  },
  routeWaitSeconds: {
    name: "DATALAYER_RUNTIME_ROUTE_WAIT_SEC",
    schema: integer({ min: -1 }),
    default: "30",
    unit: "seconds",
    description:
      "How long a runtime that is ready waits for its Route before it is offered all the same; -1 for ever.",
  },
});

/** What runtimes are routed with, of the settings of the process. */
export function routeSettingsOf(
  settings: SettingsOf<typeof routeSettingTable> & { runtimesUrl: string | undefined },
): RouteSettings {
  const { runtimesUrl, runtimeRoutes, runtimeRouteClass, routeWaitSeconds } = settings;
  const publicUrl = runtimesUrl === undefined ? undefined : new URL(runtimesUrl);
  return {
    shape: publicUrl ? runtimeRoutes : "none",
    host: publicUrl?.hostname ?? "",
    ...(publicUrl?.protocol === "https:" && { tls: tlsOf(settings) }),
    routeClassName: runtimeRouteClass,
    waitMs: routeWaitSeconds < 0 ? Infinity : routeWaitSeconds * 1000,
  };
}

/** A certificate that is there, or who makes it; the class says who, where nothing is set. */
function tlsOf({
  runtimesTlsSecret,
  certificateIssuer,
}: SettingsOf<typeof routeSettingTable>): NonNullable<RouteSettings["tls"]> {
  if (runtimesTlsSecret !== undefined) return { secretName: runtimesTlsSecret };
  return certificateIssuer === undefined
    ? {}
    : { issuerRef: { name: certificateIssuer, kind: "ClusterIssuer" } };
}
