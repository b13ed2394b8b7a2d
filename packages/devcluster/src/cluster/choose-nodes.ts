import { UserError } from "../errors.ts";
import type { Progress } from "../progress/progress.ts";
import type { NodeKind } from "./parts.ts";

/** The kind of nodes a cluster gets. Throws a `UserError` when `real` is asked for and not possible. */
export function chooseNodes(nodes: NodeKind | "auto", progress: Progress): NodeKind {
  const obstacle = realNodeObstacle();
  if (nodes === "auto" && obstacle !== undefined) {
    progress.tell(`No real node here (${obstacle}): kwok plays the nodes instead.`);
    return "kwok";
  }
  if (nodes === "real" && obstacle !== undefined) {
    throw new UserError(`A real node is not possible here: ${obstacle}. Use --nodes kwok for fake ones.`);
  }
  return nodes === "auto" ? "real" : nodes;
}

/** Why this machine cannot run a kubelet; undefined when it can. */
function realNodeObstacle(): string | undefined {
  if (process.platform !== "linux") {
    return "it needs Linux";
  }
  return process.getuid?.() === 0 ? undefined : "it needs root";
}
