import { Gateway, GatewayClass, HttpRoute } from "@datalayer/shared/crds/gateway-api";
import { Route, type RouteSpec } from "@datalayer/shared/crds/route";
import { Namespace } from "@datalayer/shared/kube/kinds";
import { type Kind, keyOf, type KubeObject } from "@datalayer/shared/kube/object";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { importHttpRoute, type Import } from "../../src/import/import-http-route.ts";
import { type Attachment, attachmentsOf } from "./attachment.ts";
import { classStatus, gatewayStatus, routeStatus } from "./statuses.ts";

/** What the importer of the tests works with. */
export interface ImporterOptions {
  admin: RestClient;
  /** Of Traefik. */
  address: string;
  gatewayClassName: string;
  routeClassName: string;
  /** Stands for all hosts, where an HTTPRoute names none. */
  host: string;
}

interface Work {
  httpRoute: HttpRoute;
  attachments: Attachment[];
  imported?: Import;
}

/**
 * Does once what a controller of Gateways does all the time: imports the HTTPRoutes of its Gateways as Routes, and
 * reports of them what the Routes report. It makes no traffic possible itself.
 */
export async function importOnce(options: ImporterOptions): Promise<void> {
  const { admin, gatewayClassName } = options;
  const [classes, allGateways, httpRoutes, routes, namespaces] = await Promise.all([
    admin.list(GatewayClass).then(({ items }) => items),
    admin.list(Gateway).then(({ items }) => items),
    admin.list(HttpRoute).then(({ items }) => items),
    admin.list(Route).then(({ items }) => items),
    admin.list(Namespace).then(({ items }) => items),
  ]);
  const gateways = allGateways.filter(({ spec }) => spec.gatewayClassName === gatewayClassName);
  const work = httpRoutes.map((httpRoute) =>
    workOf(httpRoute, attachmentsOf(httpRoute, gateways, namespaces), options),
  );
  await removeOrphans(admin, routes, work);
  for (const one of work) await carryOut(one, routes, admin);
  for (const gatewayClass of classes.filter(({ metadata }) => metadata.name === gatewayClassName))
    await report(admin, GatewayClass, gatewayClass, classStatus(gatewayClass));
  for (const gateway of gateways) {
    const attached = work.flatMap(({ attachments }) => attachments).filter((one) => one.gateway === gateway);
    await report(admin, Gateway, gateway, gatewayStatus(gateway, attached, options.address));
  }
}

function workOf(httpRoute: HttpRoute, attachments: Attachment[], options: ImporterOptions): Work {
  const accepted = attachments.filter(({ reason }) => reason === "Accepted");
  if (accepted.length === 0) return { httpRoute, attachments };
  const hostnames = [...new Set(accepted.flatMap(({ hosts }) => hosts))];
  const imported = importHttpRoute(
    { ...httpRoute, spec: { ...httpRoute.spec, hostnames } },
    {
      auth: { none: {} },
      routeClassName: options.routeClassName,
      hosts: [options.host],
      withWildcards: true,
      ...tlsOf(accepted),
    },
  );
  return { httpRoute, attachments, imported };
}

/** Of listeners of HTTPS alone: the certificate of the first. */
function tlsOf(attachments: readonly Attachment[]): { tls?: RouteSpec["tls"] } {
  const listeners = attachments.flatMap((attachment) => attachment.listeners);
  const secretName = listeners[0]?.tls?.certificateRefs?.[0]?.name;
  const secure = listeners.every(({ protocol }) => protocol === "HTTPS");
  return secure && secretName !== undefined ? { tls: { secretName, httpPolicy: "Deny" } } : {};
}

const importedLabel = { "conformance.datalayer.io/imported": "true" };

async function carryOut(work: Work, routes: readonly Route[], admin: RestClient): Promise<void> {
  const { httpRoute, imported, attachments } = work;
  let failure: string | undefined;
  if (imported && "route" in imported) {
    const { route } = imported;
    const labelled = { ...route, metadata: { ...route.metadata, labels: importedLabel } };
    failure = await admin.apply(Route, labelled).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
  }
  const route = routes.find(({ metadata }) => keyOf(metadata) === keyOf(httpRoute.metadata));
  if (attachments.length > 0)
    await report(
      admin,
      HttpRoute,
      httpRoute,
      routeStatus({ httpRoute, attachments, imported, route, failure }),
    );
}

/** Routes whose HTTPRoute is gone, or is none for a Route any more. */
async function removeOrphans(
  admin: RestClient,
  routes: readonly Route[],
  work: readonly Work[],
): Promise<void> {
  const wanted = new Set(
    work
      .filter(({ imported }) => imported && "route" in imported)
      .map(({ httpRoute }) => keyOf(httpRoute.metadata)),
  );
  for (const { metadata } of routes)
    if (metadata.labels?.["conformance.datalayer.io/imported"] && !wanted.has(keyOf(metadata)))
      await admin.delete(Route, metadata, { uid: metadata.uid }).catch(ignore);
}

/** Writes a status that says something else than what is there. */
async function report<T extends KubeObject & { status?: unknown }>(
  admin: RestClient,
  kind: Kind<T>,
  object: T,
  status: object,
): Promise<void> {
  const said = (value: unknown) =>
    JSON.stringify(value, (key, part: unknown) => (key === "lastTransitionTime" ? undefined : part));
  if (said(sorted(object.status)) === said(sorted({ ...(object.status as object | undefined), ...status })))
    return;
  const operation = {
    op: "add" as const,
    path: "/status",
    value: { ...(object.status as object | undefined), ...status },
  };
  // It may have gone meanwhile: the next time tells.
  await admin.patch(kind, object.metadata, [operation], { subresource: "status" }).catch(ignore);
}

function ignore(): undefined {
  return undefined;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, part]) => [key, sorted(part)]),
  );
}
