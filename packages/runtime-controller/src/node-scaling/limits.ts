import type { Amounts } from "./amounts.ts";

/** The numbers that scaling follows; see the settings of the same names. */
export interface ScalingLimits {
  /** Decide and record, and change nothing. */
  readonly isDryRun: boolean;
  readonly minNodes: number;
  readonly maxNodes: number;
  readonly upThreshold: number;
  readonly downThreshold: number;
  /** Nodes removed at once. */
  readonly downMaxStep: number;
  readonly downHeadroomMultiplier: number;
  /** What is to be kept free, in cores and bytes. */
  readonly headroom: Amounts;
  readonly cooldownMs: number;
  readonly retryDelayMs: number;
  /** Attempts after the first one. */
  readonly maxRedeliveries: number;
  /** Until when a machine is a node that is ready, or counts as lost. */
  readonly joinMs: number;
}
