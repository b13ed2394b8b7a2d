import { Service } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import type { Route, RouteTarget } from "@datalayer/shared/crds/route";
import { managedBy, nameOf, ownedBy } from "../route/names.ts";

/** Annotation of a Service of ours: the Pods behind it, as JSON of a {@link PodTarget}. */
const targetAnnotation = "routes.datalayer.io/target";

/** The name of the port of such a Service and of its EndpointSlices: Traefik joins them by it. */
export const targetPort = "target";

/** Which Pods of a namespace requests go to. */
export type PodTarget =
  | {
      pod: string;
      /** The Pod that the Route began with; undefined until there is one. A namesake is not it. */
      uid?: string;
    }
  | { selector: Record<string, string> }
  | { runtime: { pool: string; ulid: string } };

/** The Pods that a target names; undefined when it names a Service, or runtimes that the gateway finds. */
export function podTargetOf({ pod, selector, runtime }: RouteTarget): PodTarget | undefined {
  if (pod) return { pod: pod.name };
  if (selector) return { selector: selector.matchLabels };
  if (runtime?.ulid !== undefined) return { runtime: { pool: runtime.pool, ulid: runtime.ulid } };
  return undefined;
}

/** The name of the Service for a target of a Route; targets that name the same Pods and port share it. */
export function podServiceNameOf(route: Route, target: RouteTarget): string {
  const named = podTargetOf(target);
  const pods = named && "selector" in named ? Object.entries(named.selector).toSorted() : named;
  return nameOf(route.metadata.uid, "target", JSON.stringify([pods, target.port, target.protocol ?? "http"]));
}

/** The Service for a target of a Route: headless and without a selector, so that its endpoints are ours alone. */
export function buildPodService(
  route: Route,
  target: RouteTarget & { protocol: string },
  pods: PodTarget,
): Manifest<Service> {
  const { port, protocol } = target;
  return {
    apiVersion: Service.apiVersion,
    kind: Service.kind,
    metadata: {
      name: podServiceNameOf(route, target),
      namespace: route.metadata.namespace,
      labels: { [managedBy.label]: managedBy.value },
      annotations: { [targetAnnotation]: JSON.stringify(pods) },
      ownerReferences: [ownedBy(route)],
    },
    spec: {
      clusterIP: "None",
      ports: [
        {
          name: targetPort,
          port,
          targetPort: port,
          protocol: "TCP",
          ...(protocol === "h2c" && { appProtocol: "kubernetes.io/h2c" }),
        },
      ],
    },
  };
}

/** The Pods behind a Service of ours; undefined when the annotation is not as we write it. */
export function parsePodTarget({ metadata }: Service): PodTarget | undefined {
  const text = metadata.annotations?.[targetAnnotation];
  if (text === undefined) return undefined;
  try {
    const target = JSON.parse(text) as PodTarget;
    return "pod" in target || "selector" in target || "runtime" in target ? target : undefined;
  } catch {
    return undefined;
  }
}
