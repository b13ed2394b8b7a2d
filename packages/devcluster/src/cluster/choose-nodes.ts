import { UserError } from "../errors.ts";
import type { Progress } from "../progress/progress.ts";
import type { NodeKind } from "./parts.ts";

/**
 * The kind of nodes a cluster gets, where `obstacle` is why a real one is not possible, if it is not. Throws a
 * `UserError` when `real` is asked for in spite of it.
 */
export function chooseNodes(
  asked: NodeKind | "auto",
  obstacle: string | undefined,
  progress: Progress,
): NodeKind {
  if (asked === "kwok" || asked === "none") {
    return asked;
  }
  if (obstacle === undefined) {
    return "real";
  }
  if (asked === "real") {
    throw new UserError(`A real node is not possible here: ${obstacle}. Use --nodes kwok for fake ones.`);
  }
  progress.tell(`No real node here (${obstacle}): kwok plays the nodes instead.`);
  return "kwok";
}
