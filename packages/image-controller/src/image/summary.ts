import { type ImageReason, imageReason } from "@datalayer/shared/crds/image";
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
  switch (step.kind) {
    case "blocked":
      return ofFault(step.fault, step.during);
    case "suspended":
      return {
        phase: "Suspended",
        reason: imageReason.suspended,
        message: "Nothing new is built: spec.policy.suspend.",
        state: "stalled",
      };
    case "cancelled":
      return {
        phase: "Stalled",
        reason: imageReason.cancelled,
        message: "The build of these inputs was cancelled.",
        state: "stalled",
      };
    case "publish":
      return {
        phase: "Ready",
        reason: imageReason.published,
        message: "The registry has the newest build, and its tags name it.",
        state: "ready",
      };
    default:
      return ofBuild(step);
  }
}

function ofFault({ reason, message, isPassing }: Fault, during: Phase): Summary {
  if (isPassing) return { phase: during, reason, message, state: "reconciling" };
  return { phase: "Stalled", reason, message, state: "stalled" };
}

type BuildStep = Exclude<Step, { kind: "blocked" | "suspended" | "cancelled" | "publish" }>;

function ofBuild(step: BuildStep): Summary {
  switch (step.kind) {
    case "watch": {
      const { state } = step.build;
      const waitsFor = state.kind === "running" ? state.waitsFor : undefined;
      return building(waitsFor === undefined ? "It is being built." : `The build waits for ${waitsFor}`);
    }
    case "build":
      return building("It is being built.");
    case "queue":
    case "drop":
      return {
        phase: "Queued",
        reason: imageReason.queued,
        message: "It waits for its turn to be built.",
        state: "reconciling",
      };
    case "back-off":
      return {
        phase: "BackingOff",
        reason: step.failure.reason,
        message: `${step.failure.message} It is tried again.`,
        state: "reconciling",
      };
    case "failed":
      return { phase: "Stalled", ...whyOf(step.failure), state: "stalled" };
  }
}

function building(message: string): Summary {
  return { phase: "Building", reason: imageReason.building, message, state: "reconciling" };
}

function whyOf({ reason, message }: { reason: ImageReason; message: string }) {
  return { reason, message };
}
