import { createHash } from "node:crypto";
import { Route } from "@datalayer/shared/crds/route";
import type { KubeObject, OwnerReference } from "@datalayer/shared/kube/object";

/** On everything that is made of Routes. */
export const managedBy = {
  label: "app.kubernetes.io/managed-by",
  value: "datalayer-route-controller",
} as const;

/** Annotation of what is made of a Route: hash of all that was asked for, so that a field left out is missed. */
export const intentAnnotation = "routes.datalayer.io/intent";

/**
 * A name for what is made of a Route: no two Routes, and no two parts of one, share it, whatever they are called.
 * @param parts - what tells it from the others of the Route.
 */
export function nameOf(uid: string, ...parts: string[]): string {
  return `route-${hashOf([uid, ...parts])}`;
}

/** Half a SHA-256 in hexadecimal, of any JSON value. */
export function hashOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 32);
}

/** What is made of a Route goes with it. */
export function ownedBy({ metadata: { name, uid } }: Route): OwnerReference {
  return { apiVersion: Route.apiVersion, kind: Route.kind, name, uid, controller: true };
}

/** The Route that an object was made of; undefined when it is not of our making. */
export function routeOf({ metadata }: KubeObject): OwnerReference | undefined {
  if (metadata.labels?.[managedBy.label] !== managedBy.value) return undefined;
  return metadata.ownerReferences?.find(
    ({ apiVersion, kind, controller }) =>
      controller === true && kind === Route.kind && apiVersion === Route.apiVersion,
  );
}
