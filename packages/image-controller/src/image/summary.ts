import { type ImageReason, imageReason } from "@datalayer/shared/crds/image";
import type { LastFailure } from "./attempts.ts";
import type { Fault } from "./fault.ts";
import type { Phase, Step } from "./plan.ts";

/** What is said of an Image as a whole. */
export interface Summary {
  phase: Phase;
  reason: ImageReason;
  message: string;
  /** `stalled`: until somebody changes something, though it is looked at again. */
  state: "ready" | "reconciling" | "stalled";
}

/** What a step that was carried out says. */
export function summaryOf(step: Step): Summary {
  if (step.kind === "blocked") return ofFault(step.fault, step.during);
  if (step.kind === "watch" || step.kind === "build") return building(waitOf(step));
  if (step.kind === "back-off") return ofFailure(step.failure, { phase: "BackingOff", state: "reconciling" });
  if (step.kind === "failed") return ofFailure(step.failure, { phase: "Stalled", state: "stalled" });
  return summaries[step.kind];
}

function ofFailure({ reason, message }: LastFailure, how: Pick<Summary, "phase" | "state">): Summary {
  const again = how.state === "reconciling" ? " It is tried again." : "";
  return { ...how, reason, message: `${message}${again}` };
}

/** Where there is nothing more to say. */
const summaries: Readonly<Record<"suspended" | "cancelled" | "publish" | "queue" | "drop", Summary>> = {
  suspended: {
    phase: "Suspended",
    reason: imageReason.suspended,
    message: "Nothing new is built: spec.policy.suspend.",
    state: "stalled",
  },
  cancelled: {
    phase: "Stalled",
    reason: imageReason.cancelled,
    message: "The build of these inputs was cancelled.",
    state: "stalled",
  },
  publish: {
    phase: "Ready",
    reason: imageReason.published,
    message: "The registry has the newest build, and its tags name it.",
    state: "ready",
  },
  queue: waitsForTurn(),
  drop: waitsForTurn(),
};

function waitsForTurn(): Summary {
  const message = "It waits for its turn to be built.";
  return { phase: "Queued", reason: imageReason.queued, message, state: "reconciling" };
}

function ofFault({ reason, message, isPassing }: Fault, during: Phase): Summary {
  if (isPassing) return { phase: during, reason, message, state: "reconciling" };
  return { phase: "Stalled", reason, message, state: "stalled" };
}

function building(waitsFor: string | undefined): Summary {
  const message = waitsFor === undefined ? "It is being built." : `The build waits for ${waitsFor}`;
  return { phase: "Building", reason: imageReason.building, message, state: "reconciling" };
}

function waitOf(step: Extract<Step, { kind: "watch" | "build" }>): string | undefined {
  if (step.kind === "build") return undefined;
  const { state } = step.build;
  return state.kind === "running" ? state.waitsFor : undefined;
}
