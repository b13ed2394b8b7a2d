import type { HttpBackendRef } from "@datalayer/shared/crds/gateway-api";
import type { RouteTarget } from "@datalayer/shared/crds/route";
import type { Refuse } from "./import-http-route.ts";

/** Largest weight of a target of a Route. */
const maxWeight = 1000;
const maxTargets = 8;

/** The targets of a rule: Services of the namespace of the HTTPRoute. */
export function importTargets(
  refs: readonly HttpBackendRef[],
  { path, namespace, refuse }: { path: string; namespace: string; refuse: Refuse },
): RouteTarget[] {
  if (refs.length > maxTargets) refuse(path, `a rule of a Route has at most ${maxTargets} targets`);
  const largest = Math.max(...refs.map(({ weight = 1 }) => weight));
  if (refs.length > 0 && largest === 0) refuse(path, "a rule of a Route has a target that takes requests");
  return refs.map((ref, index) => {
    const field = `${path}[${index}]`;
    checkRef(ref, { field, namespace, refuse });
    return { service: { name: ref.name }, port: ref.port ?? 0, weight: scaled(ref.weight ?? 1, largest) };
  });
}

/** Refuses what is no Service of the namespace of the HTTPRoute, with a port. */
export function checkRef(
  { group = "", kind = "Service", namespace, port, filters = [] }: HttpBackendRef,
  at: { field: string; namespace: string; refuse: Refuse },
): void {
  if (group !== "" || kind !== "Service")
    at.refuse(`${at.field}.kind`, "a target of a Route is a Service, or Pods");
  if (namespace !== undefined && namespace !== at.namespace)
    at.refuse(
      `${at.field}.namespace`,
      "a target of a Route is in its own namespace, also where a ReferenceGrant is",
    );
  if (port === undefined) at.refuse(`${at.field}.port`, "a target of a Route has a port");
  if (filters.length > 0)
    at.refuse(`${at.field}.filters`, "a Route changes requests by rule, and not by target");
}

/** Weights are shares: larger ones than a Route has become smaller together. Who got some still gets some. */
function scaled(weight: number, largest: number): number {
  if (largest <= maxWeight || weight === 0) return weight;
  return Math.max(1, Math.round((weight * maxWeight) / largest));
}
