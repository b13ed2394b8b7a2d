import type { Gateway, GatewayClass, HttpRoute } from "@datalayer/shared/crds/gateway-api";
import { type Route, routeCondition } from "@datalayer/shared/crds/route";
import type { Import } from "../../src/import/import-http-route.ts";
import type { Attachment } from "./attachment.ts";

/** The name by which the importer of the tests knows its GatewayClass. */
export const controllerName = "datalayer.io/conformance-importer";

const group = "gateway.networking.k8s.io";

interface Held {
  type: string;
  status: boolean;
  reason: string;
  message?: string;
}

function conditions(observedGeneration: number | undefined, held: readonly Held[]) {
  return held.map(({ type, status, reason, message = "" }) => ({
    type,
    status: status ? "True" : "False",
    reason,
    message,
    observedGeneration,
    lastTransitionTime: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
  }));
}

/** A class that is accepted. */
export function classStatus({ metadata }: GatewayClass) {
  return {
    conditions: conditions(metadata.generation, [{ type: "Accepted", status: true, reason: "Accepted" }]),
  };
}

/** A Gateway that is Traefik, at its address. */
export function gatewayStatus({ metadata, spec }: Gateway, attached: readonly Attachment[], address: string) {
  const { generation } = metadata;
  const works: Held[] = [
    { type: "Accepted", status: true, reason: "Accepted" },
    { type: "Programmed", status: true, reason: "Programmed" },
  ];
  const resolved: Held = { type: "ResolvedRefs", status: true, reason: "ResolvedRefs" };
  return {
    addresses: [{ type: "IPAddress", value: address }],
    conditions: conditions(generation, works),
    listeners: spec.listeners.map(({ name }) => ({
      name,
      supportedKinds: [{ group, kind: "HTTPRoute" }],
      attachedRoutes: attached.filter(({ listeners }) => listeners.some((one) => one.name === name)).length,
      conditions: conditions(generation, [...works, resolved]),
    })),
  };
}

/** What is known of an HTTPRoute, from the Route that was made of it. */
export interface Known {
  httpRoute: HttpRoute;
  attachments: readonly Attachment[];
  imported: Import | undefined;
  route: Route | undefined;
  /** What the API server said against the Route. */
  failure: string | undefined;
}

/** The status of an HTTPRoute for each Gateway of ours that it names. */
export function routeStatus(known: Known) {
  const { generation } = known.httpRoute.metadata;
  return {
    parents: known.attachments.map(({ parentRef, reason }) => ({
      parentRef,
      controllerName,
      conditions: conditions(generation, [acceptedOf(known, reason), resolvedOf(known)]),
    })),
  };
}

function acceptedOf(known: Known, reason: Attachment["reason"]): Held {
  const type = "Accepted";
  if (reason !== "Accepted") return { type, status: false, reason };
  const refusal = refusalOf(known);
  if (refusal !== undefined) return { type, status: false, reason: "UnsupportedValue", message: refusal };
  const own = conditionOf(known, routeCondition.accepted);
  if (own?.status === "True") return { type, status: true, reason };
  return { type, status: false, reason: "Pending", message: own?.message ?? "no Route yet" };
}

/** What the importer or the API server says against the Route. */
function refusalOf({ imported, failure }: Known): string | undefined {
  return imported && "unsupported" in imported ? JSON.stringify(imported.unsupported) : failure;
}

function resolvedOf(known: Known): Held {
  const type = "ResolvedRefs";
  const { imported } = known;
  const unsupported = imported && "unsupported" in imported ? imported.unsupported : [];
  const refused = unsupported.find(({ field }) => /backendRefs\[\d+\]\.(kind|namespace)$/.test(field));
  if (refused) {
    const reason = refused.field.endsWith("kind") ? "InvalidKind" : "RefNotPermitted";
    return { type, status: false, reason, message: refused.reason };
  }
  const own = conditionOf(known, routeCondition.resolvedRefs);
  if (own?.status === "False")
    return { type, status: false, reason: "BackendNotFound", message: own.message };
  return { type, status: true, reason: "ResolvedRefs" };
}

function conditionOf({ route }: Known, type: string) {
  return route?.status?.conditions?.find((condition) => condition.type === type);
}
