import type { Condition } from "@datalayer/shared/crds/conditions";
import { keyOf } from "@datalayer/shared/kube/object";
import type { CustomObject } from "./kinds.ts";

/** Something that is not as it should be. */
export interface Finding {
  /** `RuntimePool datalayer-runtimes/python`. */
  readonly object: string;
  readonly reason: string;
  readonly message: string;
}

/** An object that nobody has looked at for this time is looked after by nobody. */
const UNSEEN_MS = 60_000;

/** `RuntimePool datalayer-runtimes/python`. */
export function objectName({ kind, metadata }: Pick<CustomObject, "kind" | "metadata">): string {
  return `${kind} ${keyOf(metadata)}`;
}

/** The condition that sums up an object. */
export function readyOf({ status }: CustomObject): Condition | undefined {
  return status?.conditions?.find(({ type }) => type === "Ready");
}

/** What keeps an object of our kinds from being ready; undefined when it is, or is new. Pure. */
export function findingOf(object: CustomObject, nowMs: number): Finding | undefined {
  const ready = readyOf(object);
  if (ready?.status === "True") return undefined;
  const ageMs = nowMs - Date.parse(object.metadata.creationTimestamp);
  if (ready) {
    if (ready.status === "Unknown" && ageMs < UNSEEN_MS) return undefined;
    return { object: objectName(object), reason: ready.reason, message: ready.message };
  }
  if (ageMs < UNSEEN_MS) return undefined;
  return { object: objectName(object), reason: "NotSeen", message: "no controller has looked at it yet" };
}
