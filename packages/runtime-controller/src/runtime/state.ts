/** Where a runtime stands in its life. */
export type RuntimeState = "pending" | "available" | "assigned" | "paused";

const next: Record<RuntimeState, readonly RuntimeState[]> = {
  pending: ["available"],
  available: ["pending", "assigned"],
  assigned: ["paused"],
  paused: [],
};

/**
 * Whether a runtime may go from one state to the other. The admission policy of the chart enforces the
 * same table for everyone; its test compares the two.
 */
export function mayBecome(from: RuntimeState, to: RuntimeState): boolean {
  return next[from].includes(to);
}

/** Every state of a runtime. */
export const runtimeStates = Object.keys(next) as RuntimeState[];

/** Whether the value of a `pod-status` label names a state. */
export function isRuntimeState(value: string | undefined): value is RuntimeState {
  return value !== undefined && Object.hasOwn(next, value);
}
