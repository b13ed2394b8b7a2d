import { Pod } from "@datalayer/shared/kube/kinds";
import type { KubeObject } from "@datalayer/shared/kube/object";
import { closestName } from "@datalayer/shared/config/near-miss";
import { type Cluster, withCluster } from "../cluster/cluster.ts";
import { CommandError } from "../command/command-error.ts";
import type { CommandContext } from "../command/context.ts";
import { gatherDefinitions } from "../observe/kinds.ts";
import { objectName } from "../observe/object-health.ts";
import { printData } from "../terminal/output.ts";
import { gatherEvents } from "./events.ts";
import type { ExplainFlags } from "./options.ts";
import { type Explanation, explainPage } from "./page.ts";
import { type Asked, parseReference } from "./reference.ts";
import { treeOf, type TreeNode } from "./tree.ts";
import { gatherWorld, type World } from "./world.ts";
import type { CustomObject } from "../observe/kinds.ts";

/** `plane explain`: one object, what it relies on and what was made of it, and what was said about them. */
export async function explain(
  context: CommandContext,
  reference: string,
  flags: ExplainFlags,
): Promise<void> {
  await withCluster(context, flags, async (cluster) => {
    const definitions = await gatherDefinitions(cluster);
    const asked = parseReference(reference, definitions);
    const world = await gatherWorld(cluster, definitions);
    const object = findObject(world, cluster, asked);
    const nowMs = cluster.clock.now();
    const tree = treeOf(object, world, nowMs);
    const events = await gatherEvents(cluster, { namespace: object.metadata.namespace, uids: uidsOf(tree) });
    const explanation: Explanation = {
      object: objectName(object),
      conditions: (object as CustomObject).status?.conditions ?? [],
      tree,
      events,
    };
    const { terminal } = context;
    printData(terminal, flags.output, explanation, () => explainPage(explanation, terminal.paintOut, nowMs));
  });
}

function findObject(world: World, { namespace }: Cluster, { definition, name }: Asked): KubeObject {
  const { kind } = definition?.spec.names ?? Pod;
  const found = world.find(kind, name, namespace);
  if (found) return found;
  const meant = closestName(name, world.namesOf(kind));
  const word = definition?.spec.names.singular ?? "runtime";
  throw new CommandError(`there is no ${kind} "${name}"`, {
    next: [
      ...(meant === undefined ? [] : [`did you mean ${word}/${meant}?`]),
      `kubectl get ${definition?.spec.names.plural ?? "pods"} -A   # lists them`,
    ],
  });
}

function uidsOf({ uid, children }: TreeNode): string[] {
  return [...(uid === undefined ? [] : [uid]), ...children.flatMap(uidsOf)];
}
