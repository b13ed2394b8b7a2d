import type { Lease } from "@datalayer/shared/kube/kinds";
import { leaseNames, ownership, servedKinds, versionLabel, componentLabel } from "../src/chart.ts";
import type { CustomResourceDefinition, Deployment } from "../src/cluster/kinds.ts";
import type { CustomObject } from "../src/observe/kinds.ts";
import type { Observed } from "../src/status/gather.ts";

/** The time at which everything is looked at. */
export const nowMs = Date.parse("2026-11-29T12:00:00Z");
const version = "0.1.0";
const stored = { uid: "uid", resourceVersion: "1", creationTimestamp: "2026-11-29T11:00:00Z" };

/** A process whose replicas are all ready. */
export function deploymentOf(component: string, ready = 2, replicas = 2): Deployment {
  const labels = { [componentLabel]: component, [versionLabel]: version };
  const containers = [{ name: component, image: `registry.test/datalayer/${component}:${version}` }];
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { ...stored, name: `datalayer-${component}`, namespace: "ours", labels },
    spec: { replicas, selector: {}, template: { spec: { containers } } },
    status: { updatedReplicas: replicas, availableReplicas: ready, replicas },
  };
}

/** A lease that a Pod has renewed some seconds ago. */
export function leaseOf(name: string, secondsAgo = 5): Lease {
  const renewTime = new Date(nowMs - secondsAgo * 1000).toISOString();
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { ...stored, name, namespace: "ours" },
    spec: { holderIdentity: `datalayer-${name}-7_x`, leaseDurationSeconds: 15, renewTime },
  };
}

/** The definition of a kind, such as `routes.datalayer.io`, that the API server serves. */
export function definitionOf(
  name: string,
  { of = version, established = "True" } = {},
): CustomResourceDefinition {
  const [plural = ""] = name.split(".");
  const kind = plural
    .replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())
    .replace(/e?s$/, "");
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      ...stored,
      name,
      labels: { [versionLabel]: of },
      annotations: { [ownership.release]: "ours" },
    },
    spec: {
      group: "datalayer.io",
      names: { kind, plural },
      scope: "Namespaced",
      versions: [{ name: "v1", served: true, storage: true }],
    },
    status: { conditions: [{ type: "Established", status: established }] },
  };
}

/** An object of one of our kinds that is ready, or for this reason not. */
export function objectOf(kind: string, name: string, reason?: string): CustomObject {
  const status = reason === undefined ? ("True" as const) : ("False" as const);
  const condition = { type: "Ready", status, reason: reason ?? "Ready", message: `${name} says so` };
  return {
    apiVersion: "datalayer.io/v1",
    kind,
    metadata: { ...stored, name, namespace: "ours" },
    status: { conditions: [condition as never] },
  };
}

/** A release in which all is well. */
export function sound(): Observed {
  const components = Object.keys(servedKinds);
  return {
    operator: {
      deployments: [...components, "verifier"].map((one) => deploymentOf(one)),
      replicaSets: [],
      pods: [],
    },
    leases: leaseNames.map((name) => leaseOf(name)),
    definitions: Object.values(servedKinds)
      .flat()
      .map((name) => definitionOf(name)),
    objects: [
      objectOf("RuntimePool", "python"),
      objectOf("Image", "jupyter"),
      objectOf("Route", "to-python"),
    ],
    hidden: [],
  };
}
