import type { Node } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { CloudGroup, Executor } from "../executor.ts";
import { runtimeRole } from "../node-role.ts";

/** Takes the nodes of the cluster for the group, and does nothing to them. */
export function dryRunExecutor(nodes: Pick<ObjectReader<Node>, "list">): Executor {
  const nothing = (): Promise<void> => Promise.reject(new Error("a dry run changes nothing"));
  return {
    name: "dry-run",
    group: "nodes",
    instanceOf: ({ name }) => name,
    describe: () => Promise.resolve(groupOf(nodes.list())),
    raise: nothing,
    remove: nothing,
  };
}

function groupOf(nodes: readonly Node[]): CloudGroup {
  const workers = nodes.filter(({ metadata }) => metadata.labels?.[runtimeRole.key] === runtimeRole.value);
  const instances = workers.map(({ metadata }) => ({ id: metadata.name, phase: "running" as const }));
  return { desired: instances.length, min: 0, max: Infinity, instances };
}
