import type { Pod } from "@datalayer/shared/kube/kinds";
import type { KubeObject } from "@datalayer/shared/kube/object";
import { poolAnnotation, poolLabel } from "@datalayer/shared/runtime/names";
import { defaultRouteClass } from "@datalayer/shared/crds/route-class";
import type { RouteSpec } from "@datalayer/shared/crds/route";
import type { RuntimeEnvironmentSpec } from "@datalayer/shared/crds/runtime-environment";

/** An object that another one names. */
export interface Reference {
  readonly kind: string;
  readonly name: string;
}

/** The objects that an object of ours, or a runtime, relies on; pure. */
export function referencesOf(object: KubeObject): Reference[] {
  const { spec = {} } = object as KubeObject & { spec?: Record<string, unknown> };
  switch (object.kind) {
    case "RuntimePool":
      return named("RuntimeEnvironment", spec["environment"]);
    case "RuntimeEnvironment":
      return environmentReferences(spec as unknown as RuntimeEnvironmentSpec);
    case "Route":
      return routeReferences(object, spec as unknown as RouteSpec);
    case "Pod":
      return podReferences(object);
    default:
      return [];
  }
}

function named(kind: string, name: unknown): Reference[] {
  return typeof name === "string" && name !== "" ? [{ kind, name }] : [];
}

function environmentReferences({ image, contents = [] }: RuntimeEnvironmentSpec): Reference[] {
  return [
    ...named("Image", image?.name),
    ...contents.flatMap((content) => named("RuntimeContent", content.name)),
  ];
}

function routeReferences(route: KubeObject, { routeClassName, rules, tls }: RouteSpec): Reference[] {
  const targets = rules.flatMap((rule) => rule.targets ?? []);
  const { status } = route as { status?: { backends?: { objects?: { kind: string; name: string }[] }[] } };
  return [
    { kind: "RouteClass", name: routeClassName ?? defaultRouteClass },
    ...named("Secret", tls?.secretName),
    ...targets.flatMap(({ service, pod, runtime }) => [
      ...named("Service", service?.name),
      ...named("Pod", pod?.name),
      ...named("Pod", runtime?.ulid && `runtime-${runtime.ulid}`),
    ]),
    ...(status?.backends ?? []).flatMap(({ objects = [] }) =>
      objects.map(({ kind, name }) => ({ kind, name })),
    ),
  ];
}

function podReferences({ metadata: { annotations, labels }, spec }: Pod): Reference[] {
  return [
    ...named("RuntimePool", annotations?.[poolAnnotation] ?? labels?.[poolLabel]),
    ...named("Node", spec?.nodeName),
  ];
}

/** Whether a runtime is of a pool; one that a user has is not owned by it any more. */
export function isRuntimeOf({ metadata: { annotations, labels } }: Pod, pool: string): boolean {
  return (annotations?.[poolAnnotation] ?? labels?.[poolLabel]) === pool;
}
