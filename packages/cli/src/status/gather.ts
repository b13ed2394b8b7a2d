import { ApiError } from "@datalayer/shared/kube/api-error";
import type { Lease } from "@datalayer/shared/kube/kinds";
import type { Cluster } from "../cluster/cluster.ts";
import type { CustomResourceDefinition } from "../cluster/kinds.ts";
import { type CustomObject, gatherDefinitions, kindOf, listWidely } from "../observe/kinds.ts";
import { gatherLeases } from "../observe/leader.ts";
import { gatherOperator } from "../observe/operator.ts";
import type { OperatorObjects } from "../observe/workload.ts";

/** All that a status is made of. */
export interface Observed {
  readonly operator: OperatorObjects;
  readonly leases: readonly Lease[];
  readonly definitions: readonly CustomResourceDefinition[];
  /** The objects of our kinds. */
  readonly objects: readonly CustomObject[];
  /** What may not be read with the credentials in use. */
  readonly hidden: readonly string[];
}

/** Reads a release and what it looks after; what may not be read is left out, and said. */
export async function gatherStatus(cluster: Cluster, release: string): Promise<Observed> {
  const hidden: string[] = [];
  const read = async <T>(what: string, call: Promise<T[]>): Promise<T[]> => {
    try {
      return await call;
    } catch (error) {
      if (!(error instanceof ApiError && error.isForbidden)) throw error;
      hidden.push(what);
      return [];
    }
  };
  const [operator, leases, definitions] = await Promise.all([
    gatherOperator(cluster, release),
    read("leases", gatherLeases(cluster)),
    read("definitions of kinds", gatherDefinitions(cluster)),
  ]);
  const lists = await Promise.all(
    definitions.map((definition) => read(definition.metadata.name, listWidely(cluster, kindOf(definition)))),
  );
  return { operator, leases, definitions, objects: lists.flat(), hidden };
}
