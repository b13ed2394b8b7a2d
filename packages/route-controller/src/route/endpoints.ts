import type { EndpointSlice } from "@datalayer/shared/kube/kinds";
import type { Change } from "@datalayer/shared/kube/object-cache";
import type { FoundPods, FoundService, ReferenceFault } from "./references.ts";

/**
 * The rules of a Route of which every request would fail: no endpoint is ready behind any target that gets requests.
 * Of targets that are Pods it is said elsewhere, and a Service that is not there is another fault.
 */
export function emptyFaultsOf({
  namespace,
  services,
  pods,
}: {
  namespace: string;
  services: readonly FoundService[];
  pods: readonly FoundPods[];
}): ReferenceFault[] {
  const targets = services.filter((found) => found.rule !== undefined && portOf(found) !== undefined);
  const served = [...pods, ...targets.filter(hasReadyEndpoint)].map(({ rule }) => rule);
  const empty = Map.groupBy(
    targets.filter(({ rule }) => !served.includes(rule)),
    ({ rule }) => rule,
  );
  return [...empty].map(([rule, found]) => {
    const names = [...new Set(found.map(({ name }) => `Service "${name}"`))].join(" or ");
    const message = `spec.rules[${rule}].targets: no endpoint is ready behind ${names} in namespace "${namespace}".`;
    return { kind: "empty", message };
  });
}

function hasReadyEndpoint(found: FoundService): boolean {
  const { name = "" } = portOf(found) ?? {};
  return found.slices.some((slice) => readyPortsOf(slice).includes(name));
}

function portOf({ service, port }: FoundService) {
  return service?.spec?.ports?.find((one) => one.port === port);
}

/** The names of the ports at which an endpoint of a slice is ready; none when no endpoint is. */
function readyPortsOf({ ports, endpoints }: EndpointSlice): string[] {
  // An endpoint of which it is not said is ready, as Kubernetes has it.
  const isReady = endpoints?.some(({ conditions }) => conditions?.ready !== false) === true;
  return isReady ? (ports ?? []).map(({ name }) => name ?? "").toSorted() : [];
}

/**
 * Whether a change of a slice can decide on whether an endpoint is ready behind a Service. Most do not, and a Service
 * may have thousands of Routes: one of many Pods comes or goes.
 */
export function isOfReadiness({ type, object, previous }: Change<EndpointSlice>): boolean {
  const before = type === "modified" && previous ? readyPortsOf(previous) : [];
  return before.join() !== readyPortsOf(object).join();
}
