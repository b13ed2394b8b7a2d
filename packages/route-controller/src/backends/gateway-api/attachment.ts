import type { RouteClass } from "@datalayer/shared/crds/route-class";
import type { ResolvedRoute } from "../backend.ts";
import type { GatewayListener } from "./capabilities.ts";
import type { Refusal } from "./refusals.ts";

/** Where the HTTPRoutes of a Route attach. */
export interface Attachment {
  /** Names of the listeners at which it is served. */
  serve: readonly string[];
  /** Names of the listeners that only redirect to HTTPS. */
  redirect: readonly string[];
  refusals: readonly Refusal[];
}

/**
 * Chooses listeners of the class's Gateway. HTTPS is served only where a listener has the Route's own certificate:
 * an HTTPRoute cannot bring one along.
 */
export function attachmentOf(
  route: ResolvedRoute,
  routeClass: RouteClass,
  listeners: readonly GatewayListener[],
): Attachment {
  const names = routeClass.spec.gateway?.listeners;
  const fitting = (protocol: string, name: string | undefined) =>
    listeners.filter(
      (listener) =>
        listener.protocol === protocol &&
        (name === undefined || listener.name === name) &&
        route.hosts.some((host) => takes(host, listener.hostname)),
    );
  const http = fitting("HTTP", names?.http).map(({ name }) => name);
  if (!route.tls) return served(http, [], "spec.hosts", "no HTTP listener of the Gateway takes them");
  const certificate = `${route.namespace}/${route.tls.secretName}`;
  const https = fitting("HTTPS", names?.https)
    .filter(({ certificates }) => certificates.includes(certificate))
    .map(({ name }) => name);
  const serve = route.tls.httpPolicy === "Allow" && https.length > 0 ? [...http, ...https] : https;
  const redirect = route.tls.httpPolicy === "Redirect" ? http : [];
  return served(
    serve,
    redirect,
    "spec.tls",
    `an HTTPRoute cannot bring a certificate, and no HTTPS listener of the Gateway for these hosts names the Secret ${certificate}`,
  );
}

function served(
  serve: readonly string[],
  redirect: readonly string[],
  field: string,
  reason: string,
): Attachment {
  return { serve, redirect, refusals: serve.length > 0 ? [] : [{ field, reason, mayDegrade: false }] };
}

/** Whether the listener takes the host. Its wildcard stands for any number of labels. */
function takes(host: string, listenerHost: string | undefined): boolean {
  if (listenerHost === undefined || host === listenerHost) return true;
  return listenerHost.startsWith("*.") && host.endsWith(listenerHost.slice(1));
}
