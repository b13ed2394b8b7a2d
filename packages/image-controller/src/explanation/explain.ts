import type { Condition } from "@datalayer/shared/crds/conditions";
import { type Image, imageCondition } from "@datalayer/shared/crds/image";
import { adviceFor } from "./advice.ts";
import { nextOf } from "./next.ts";
import { sourceOf } from "./source.ts";
import { stateOf } from "./state.ts";

/** What an Image is built from, what happens to it, and why it is not ready: a sentence or two each, in that order. */
export interface Explanation {
  source: string;
  state: string;
  readiness: string;
  /** When something will be done next; undefined when nothing will until somebody changes something. */
  next?: string;
  /** What can be done about it; undefined when it is ready, or when there is nothing to do but wait. */
  advice?: string;
}

/** Explains an Image in plain language, from its spec and status alone. */
export function explain(image: Image): Explanation {
  const obstacle = obstacleOf(image);
  const next = nextOf(image.status);
  const advice = obstacle && adviceFor(obstacle.reason);
  return {
    source: sourceOf(image.spec),
    state: stateOf(image),
    readiness: readinessOf(image, obstacle),
    ...(next !== undefined && { next }),
    ...(advice !== undefined && { advice }),
  };
}

/** In the order in which they come true; the first that does not hold is the reason. */
const order = Object.values(imageCondition);

/** Those that speak of the spec as it is now. */
function conditionsOf({ metadata, status }: Image): Condition[] {
  const isCurrent = ({ observedGeneration = 0 }: Condition): boolean =>
    observedGeneration >= (metadata.generation ?? 0);
  return ((status?.conditions ?? []) as Condition[]).filter(isCurrent);
}

function obstacleOf(image: Image): Condition | undefined {
  const conditions = conditionsOf(image);
  const own = order
    .map((type) => conditions.find((condition) => condition.type === type))
    .find((condition) => condition !== undefined && condition.status !== "True");
  return own ?? conditions.find(({ type, status }) => type === "Ready" && status !== "True");
}

function readinessOf(image: Image, obstacle: Condition | undefined): string {
  const ready = conditionsOf(image).find(({ type }) => type === "Ready");
  if (ready?.status === "True") return "It is ready.";
  if (!obstacle) return "The controller has not looked at it in its present form yet.";
  const readiness = `It is not ready: ${obstacle.message || obstacle.reason}`;
  if (image.status?.image === undefined) return readiness;
  return `${readiness.replace(/[.!?]?$/, ".")} Consumers go on with the build before.`;
}
