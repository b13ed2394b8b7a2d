import { ofKind } from "./helm.ts";
import type { Container, Deployment, Labels, Manifest, Pod, Selector } from "./manifests.ts";

/** Every Pod that a chart has made: those of Deployments, and those of tests. */
export function podsOf(objects: readonly Manifest[]): Pod[] {
  return [...ofKind(objects, "Deployment").map(podOf), ...ofKind(objects, "Pod")];
}

/** A Pod as a Deployment makes it. */
function podOf({ metadata, spec }: Deployment): Pod {
  const { name, namespace } = metadata;
  const { template } = spec;
  const head = { name, ...(namespace !== undefined && { namespace }), ...template.metadata };
  return { apiVersion: "v1", kind: "Pod", metadata: head, spec: template.spec };
}

/** The only container of a Deployment. */
export function containerOf({ spec }: Deployment): Container {
  return spec.template.spec.containers[0]!;
}

/** The value of a variable of a container; undefined where it has none, or takes it from elsewhere. */
export function variable(container: Container, name: string): string | undefined {
  return container.env?.find((one) => one.name === name)?.value;
}

/** What selects Pods, with what it selects by. */
export function selectorsOf(objects: readonly Manifest[]): { object: Manifest; matchLabels: Labels }[] {
  const labelsOf = ({ matchLabels = {} }: Selector): Labels => matchLabels;
  return [
    ...ofKind(objects, "Service").map((object) => ({ object, matchLabels: object.spec.selector })),
    ...[...ofKind(objects, "PodDisruptionBudget"), ...ofKind(objects, "Deployment")].map((object) => ({
      object,
      matchLabels: labelsOf(object.spec.selector),
    })),
    ...ofKind(objects, "NetworkPolicy").map((object) => ({
      object,
      matchLabels: labelsOf(object.spec.podSelector),
    })),
  ];
}

/** Whether labels have all that a selector asks for. */
export function matches(matchLabels: Labels, labels: Labels = {}): boolean {
  return Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
}

/** How an object is told from every other one. */
export function nameOf({ kind, metadata }: Manifest): string {
  return [kind, metadata.namespace, metadata.name].filter(Boolean).join(" ");
}
