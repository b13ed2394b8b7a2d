import { isDeleting } from "@datalayer/shared/controller/finalizer";
import { routeReason } from "@datalayer/shared/crds/route";
import type { RouteClass } from "@datalayer/shared/crds/route-class";
import type { KubeObject, Manifest } from "@datalayer/shared/kube/object";
import type { ResolvedRoute, Translation, Unsupported } from "../backends/backend.ts";
import { buildCertificate, issuerOf } from "../certificates/certificate.ts";
import { buildPodService } from "../pod-targets/pod-target.ts";
import { type Refusal, refusalOf } from "./class-policy.ts";
import { connectionRefusalOf } from "./connections.ts";
import { type Conflict, conflictsOf } from "./conflicts.ts";
import { emptyFaultsOf } from "./endpoints.ts";
import { hashOf, intentAnnotation, managedBy } from "./names.ts";
import type { RouteObservation } from "./observation.ts";
import { podsFaultOf, type ReferenceFault, serviceFaultOf } from "./references.ts";
import { resolveRoute } from "./resolve.ts";

/** At which stage a Route stopped: each comes after the ones before it. */
export type Stage = "accepted" | "resolved" | "translated";

/** What becomes of a Route. */
export interface RoutePlan {
  /** Why nothing is made of it, and at which stage that came out. */
  readonly refusal?: Refusal & { stage: Stage };
  readonly conflicts: readonly Conflict[];
  /** References that cannot be followed, of which the rest does not suffer. */
  readonly faults: readonly ReferenceFault[];
  /** What its class cannot do: it is refused for it, or goes without. */
  readonly unsupported: readonly Unsupported[];
  /** What is made of it for the data plane, and of which. */
  readonly served?: { resolved: ResolvedRoute; objects: readonly Manifest<KubeObject>[]; hash: string };
  /** Objects that there have to be, in the order in which they are written: what is named before who names it. */
  readonly apply: readonly Manifest<KubeObject>[];
  /** What was made of it before, in the order in which it goes: who names before what is named. */
  readonly remove: readonly KubeObject[];
}

/** Decides what a Route is made into. */
export function planRoute(observed: RouteObservation): RoutePlan {
  const { route, routeClass } = observed;
  if (isDeleting(route)) return refused(observed, "accepted", deleting);
  const refusal = refusalOf(route, routeClass, observed);
  if (refusal || !routeClass) return refused(observed, "accepted", refusal ?? classless);
  const conflicts = conflictsOf(route, (key) => observed.claimants.get(key) ?? []);
  const [first] = conflicts;
  if (first) return { ...refused(observed, "accepted", conflictRefusal(first)), conflicts };
  const disputed = connectionRefusalOf(route, observed.sharers);
  if (disputed) return { ...refused(observed, "accepted", disputed), conflicts: [disputed.conflict] };
  const faults = faultsOf(observed);
  const forbidden = faults.find(({ kind }) => kind === "forbidden");
  if (forbidden) {
    const { message } = forbidden;
    return refused(observed, "resolved", { reason: routeReason.refNotPermitted, message });
  }
  return { ...planTranslation(observed, routeClass), faults };
}

function planTranslation(observed: RouteObservation, routeClass: RouteClass): RoutePlan {
  const { route, translate, services } = observed;
  if (!translate || "refusal" in translate)
    return refused(observed, "translated", translate?.refusal ?? classless);
  const isMissing = ({ name, port }: { name: string; port: number }): boolean =>
    services.some(
      (found) =>
        found.name === name &&
        found.port === port &&
        serviceFaultOf(found, observed.cluster)?.kind === "missing",
    );
  const resolved = resolveRoute(route, routeClass, isMissing);
  const translation = translate(resolved);
  if ("unsupported" in translation)
    return {
      ...refused(observed, "translated", unsupportedRefusal(translation.unsupported)),
      unsupported: translation.unsupported,
    };
  return planObjects(observed, { routeClass, resolved, translation });
}

function planObjects(
  observed: RouteObservation,
  parts: {
    routeClass: RouteClass;
    resolved: ResolvedRoute;
    translation: Extract<Translation, { degraded: unknown }>;
  },
): RoutePlan {
  const { route } = observed;
  const { routeClass, resolved, translation } = parts;
  const issuer = observed.hasCertManager && issuerOf(route, routeClass);
  const objects = translation.objects.toSorted(namedFirst);
  const apply = [
    ...observed.pods.map(({ target, pods }) => buildPodService(route, target, pods)),
    ...(issuer ? [buildCertificate(route, issuer)] : []),
    ...objects,
  ].map(marked);
  return {
    conflicts: [],
    faults: [],
    unsupported: translation.degraded,
    served: { resolved, objects, hash: hashOf(objects) },
    apply: apply.filter(({ kind, metadata: { name } }, index) => index === firstOf(apply, kind, name)),
    remove: leaving(observed, apply),
  };
}

function refused(observed: RouteObservation, stage: Stage, refusal: Refusal): RoutePlan {
  return {
    refusal: { ...refusal, stage },
    conflicts: [],
    faults: [],
    unsupported: [],
    apply: [],
    remove: leaving(observed, []),
  };
}

const classless: Refusal = { reason: routeReason.classNotFound, message: "spec.routeClassName: not found." };

/** Finalizers of others may keep it for long: its requests are no longer its own. */
const deleting: Refusal = {
  reason: routeReason.deleting,
  message: "metadata.deletionTimestamp: the Route is being deleted.",
};

/** Whoever has it, it is not said: that would tell what is in other namespaces. */
function conflictRefusal({ host, path, route }: Conflict): Refusal {
  const owner = route === undefined ? "somebody else" : `Route "${route}"`;
  const message = `spec.rules: ${owner} has requests to host "${host}" with path "${path}" already, and is older.`;
  return { reason: routeReason.conflict, message };
}

function unsupportedRefusal(unsupported: readonly Unsupported[]): Refusal {
  const message = unsupported.map(({ field, reason }) => `${field}: ${reason}`).join("; ");
  return { reason: routeReason.unsupported, message };
}

function faultsOf({ route, services, pods, cluster }: RouteObservation): ReferenceFault[] {
  const faults = [
    ...services.map((found) => serviceFaultOf(found, cluster)),
    ...pods.map((found) => podsFaultOf(found, cluster)),
  ];
  const { namespace = "" } = route.metadata;
  return [...faults.flatMap((fault) => fault ?? []), ...emptyFaultsOf({ namespace, services, pods })];
}

/** A router names the others: it is written last, and goes first. */
function isRouter(kind: string): boolean {
  return kind === "IngressRoute" || kind === "HTTPRoute";
}

function namedFirst({ kind: one }: { kind: string }, { kind: other }: { kind: string }): number {
  return Number(isRouter(one)) - Number(isRouter(other));
}

/** With what tells that it is ours, and all that was asked for: a field that is left out later is missed then. */
function marked(manifest: Manifest<KubeObject>): Manifest<KubeObject> {
  const { labels, annotations } = manifest.metadata;
  return {
    ...manifest,
    metadata: {
      ...manifest.metadata,
      labels: { ...labels, [managedBy.label]: managedBy.value },
      annotations: { ...annotations, [intentAnnotation]: hashOf(manifest) },
    },
  };
}

/** Targets that name the same Pods share a Service. */
function firstOf(manifests: readonly Manifest<KubeObject>[], kind: string, name: string): number {
  return manifests.findIndex((one) => one.kind === kind && one.metadata.name === name);
}

function leaving({ made }: RouteObservation, apply: readonly Manifest<KubeObject>[]): KubeObject[] {
  const stays = ({ kind, metadata }: KubeObject): boolean => firstOf(apply, kind, metadata.name) >= 0;
  return made.filter((object) => !stays(object)).toSorted((one, other) => namedFirst(other, one));
}
