import { leaseNames, servedKinds, versionLabel } from "../chart.ts";
import type { CustomResourceDefinition } from "../cluster/kinds.ts";
import type { CustomObject } from "../observe/kinds.ts";
import { leaderOf } from "../observe/leader.ts";
import { type Finding, findingOf, readyOf } from "../observe/object-health.ts";
import { describeWorkloads, type Workload } from "../observe/workload.ts";
import type { Observed } from "./gather.ts";

/** A controller and who leads it. */
export interface ControllerStatus extends Workload {
  /** The Pod; absent where the process elects none, or nobody leads. */
  readonly leader?: string;
}

/** A kind and its definition. */
export interface DefinitionStatus {
  readonly name: string;
  /** Of the operator that brought it. */
  readonly version: string;
  readonly served: readonly string[];
  readonly isEstablished: boolean;
  readonly objects: number;
}

/** A pool and its runtimes. */
export interface PoolStatus {
  readonly namespace: string;
  readonly name: string;
  readonly desired: number;
  readonly available: number;
  readonly pending: number;
  readonly assigned: number;
  readonly ready: string;
  readonly reason: string;
}

/** How many objects of a kind there are, and how many are not ready. */
export interface KindStatus {
  readonly total: number;
  readonly notReady: number;
}

/** A release on one page. */
export interface StatusReport {
  readonly isHealthy: boolean;
  /** What is not as it should be, the operator's own first. */
  readonly problems: readonly Finding[];
  readonly controllers: readonly ControllerStatus[];
  readonly definitions: readonly DefinitionStatus[];
  readonly pools: readonly PoolStatus[];
  readonly images: KindStatus;
  readonly routes: KindStatus;
  readonly hidden: readonly string[];
}

/** Puts what was observed on one page. */
export function reportStatus(observed: Observed, nowMs: number): StatusReport {
  const { definitions, objects, hidden } = observed;
  const controllers = describeControllers(observed, nowMs);
  const findings = objects.flatMap((object) => findingOf(object, nowMs) ?? []);
  const problems = [
    ...controllers.flatMap((controller) => controllerProblems(controller, hidden)),
    ...definitionProblems(observed, controllers),
    ...findings,
  ];
  const kindStatus = (kind: string): KindStatus => ({
    total: objects.filter((object) => object.kind === kind).length,
    notReady: findings.filter(({ object }) => object.startsWith(`${kind} `)).length,
  });
  return {
    isHealthy: problems.length === 0 && controllers.length > 0,
    problems,
    controllers,
    definitions: definitions.map((definition) => describeDefinition(definition, objects)),
    pools: objects.filter(({ kind }) => kind === "RuntimePool").map(describePool),
    images: kindStatus("Image"),
    routes: kindStatus("Route"),
    hidden,
  };
}

function describeControllers({ operator, leases }: Observed, nowMs: number): ControllerStatus[] {
  return describeWorkloads(operator).map((workload) => {
    const lease = leases.find(({ metadata }) => metadata.name === workload.component);
    const leader = lease && leaderOf(lease, nowMs);
    return leader?.pod && !leader.isVacant ? { ...workload, leader: leader.pod } : workload;
  });
}

function controllerProblems(controller: ControllerStatus, hidden: readonly string[]): Finding[] {
  const { component, deployment, desired, ready, isReady, leader, problems } = controller;
  const object = `Deployment ${deployment}`;
  if (desired === 0) return [{ object, reason: "Stopped", message: "it is scaled to 0 replicas" }];
  const found = problems.map(({ object: pod, container, reason, message }) => ({
    object: container === undefined ? pod : `${pod}, container ${container}`,
    reason,
    message,
  }));
  if (!isReady && found.length === 0) {
    found.push({ object, reason: "NotReady", message: `${ready} of ${desired} replicas are ready` });
  }
  const elects = leaseNames.includes(component) && !hidden.includes("leases");
  if (elects && isReady && leader === undefined) {
    found.push({
      object: `Lease ${component}`,
      reason: "NoLeader",
      message: "no replica leads: nothing is reconciled",
    });
  }
  return found;
}

function definitionProblems({ definitions, hidden }: Observed, controllers: readonly Workload[]): Finding[] {
  if (hidden.includes("definitions of kinds")) return [];
  return controllers.flatMap(({ component, version }) =>
    (servedKinds[component] ?? []).flatMap((name) => {
      const object = `CustomResourceDefinition ${name}`;
      const definition = definitions.find(({ metadata }) => metadata.name === name);
      if (!definition)
        return [{ object, reason: "Missing", message: `${component} serves it, and it is not there` }];
      if (!isEstablished(definition)) {
        return [{ object, reason: "NotEstablished", message: "the API server does not serve it" }];
      }
      const has = versionOf(definition);
      if (has === version || has === "") return [];
      const message = `it is of version ${has}, ${component} of ${version}: run plane up`;
      return [{ object, reason: "OtherVersion", message }];
    }),
  );
}

function describeDefinition(
  definition: CustomResourceDefinition,
  objects: readonly CustomObject[],
): DefinitionStatus {
  const { metadata, spec } = definition;
  return {
    name: metadata.name,
    version: versionOf(definition),
    served: spec.versions.filter(({ served }) => served).map(({ name }) => name),
    isEstablished: isEstablished(definition),
    objects: objects.filter(({ kind }) => kind === spec.names.kind).length,
  };
}

function versionOf({ metadata }: CustomResourceDefinition): string {
  return metadata.labels?.[versionLabel] ?? "";
}

function isEstablished({ status }: CustomResourceDefinition): boolean {
  return (
    status?.conditions?.some(({ type, status: value }) => type === "Established" && value === "True") ?? false
  );
}

function describePool(pool: CustomObject): PoolStatus {
  const ready = readyOf(pool);
  const count = (field: string): number => {
    const value = pool.status?.[field];
    return typeof value === "number" ? value : 0;
  };
  return {
    namespace: pool.metadata.namespace ?? "",
    name: pool.metadata.name,
    desired: count("desired"),
    available: count("available"),
    pending: count("pending"),
    assigned: count("assigned"),
    ready: ready?.status ?? "Unknown",
    reason: ready?.reason ?? "",
  };
}
