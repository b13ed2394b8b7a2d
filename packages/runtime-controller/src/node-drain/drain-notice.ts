import { type JsonPatchOperation, pointer } from "@datalayer/shared/kube/json-patch";
import { annotation } from "../runtime/names.ts";
import { addEach } from "../runtime/pod-patch.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { NodeOutlook } from "./node-outlook.ts";

/** What to write on an assigned runtime whose node goes, or does not go any more. */
export interface DrainNotice {
  /** Tests that the runtime is still the same one. */
  operations: JsonPatchOperation[];
  /** Of the Event. */
  reason: "NodeDraining" | "NodeStays";
  /** A sentence for people. */
  note: string;
}

/**
 * Decides what an assigned runtime is told about its node; undefined when it knows. The notice is on the Pod, so that
 * the time a user has is counted from its first sight, whichever replica leads, and every replica can show it. A
 * silent node changes nothing: it may be going all the same.
 *
 * @param deadlineMs - how long a runtime may stay on a node that goes; Infinity for ever.
 */
export function drainNoticeOf(
  runtime: Runtime,
  outlook: NodeOutlook,
  { nowMs, deadlineMs }: { nowMs: number; deadlineMs: number },
): DrainNotice | undefined {
  const { uid, pod, drain } = runtime;
  const node = `Node ${pod.spec?.nodeName ?? ""}`;
  const isSame: JsonPatchOperation = { op: "test", path: "/metadata/uid", value: uid };
  if (outlook.kind === "leaving" && !drain) {
    const since = Math.floor(nowMs / 1000);
    const endsAt = deadlineMs === Infinity ? undefined : since + Math.ceil(deadlineMs / 1000);
    const values = {
      [annotation.nodeDrainingSince]: String(since),
      [annotation.nodeDrainEndsAt]: endsAt?.toString(),
    };
    const until = endsAt === undefined ? "until it ends by itself" : `until ${timeOf(endsAt)} at the latest`;
    const note = `${node} goes: ${outlook.because}. Runtime ${runtime.name} may stay ${until}.`;
    return { operations: [isSame, ...addEach("annotations", values)], reason: "NodeDraining", note };
  }
  if (drain && staysForUsers(outlook)) {
    const names = [annotation.nodeDrainingSince, annotation.nodeDrainEndsAt];
    const there = names.filter((name) => pod.metadata.annotations?.[name] !== undefined);
    const removals = there.map((name) => ({
      op: "remove" as const,
      path: pointer("metadata", "annotations", name),
    }));
    const note = `${node} stays after all, and runtime ${runtime.name} with it.`;
    return { operations: [isSame, ...removals], reason: "NodeStays", note };
  }
  return undefined;
}

/** A node that is emptied waits for its users: as far as they are concerned it stays. */
function staysForUsers({ kind }: NodeOutlook): boolean {
  return kind === "staying" || kind === "emptying";
}

function timeOf(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString();
}
