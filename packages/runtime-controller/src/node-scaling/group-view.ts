import type { Clock } from "@datalayer/shared/clock/clock";
import { CloudError, type CloudGroup, type Executor } from "./executor.ts";
import type { ScalingLimits } from "./limits.ts";
import type { ScalingMetrics } from "./metrics.ts";
import type { ScalingObservation } from "./observation.ts";

/** What the group is like, as its cloud said last. Nothing asks the cloud but {@link GroupView.look}. */
export class GroupView {
  readonly #options: GroupViewOptions;
  #group: CloudGroup | undefined;
  #seenAtMs = 0;
  #failure: CloudError | undefined;
  #failedAtMs = 0;

  constructor(options: GroupViewOptions) {
    this.#options = options;
  }

  /** Asks the cloud. A failure is kept for as long as the cloud is not to be asked again. */
  async look(signal: AbortSignal): Promise<void> {
    const { executor, clock, metrics } = this.#options;
    try {
      this.#group = await executor.describe(signal);
      this.#seenAtMs = clock.monotonicMs();
      this.#failure = undefined;
      metrics.calls.inc({ call: "describe", result: "ok" });
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      this.#failure = error;
      this.#failedAtMs = clock.monotonicMs();
      this.outdate();
      metrics.calls.inc({ call: "describe", result: error.reason });
    }
  }

  /** Has the cloud be asked before anything rests on what it said. */
  outdate(): void {
    this.#seenAtMs = -Infinity;
  }

  /** The group with its age, and why the cloud says nothing at present. */
  seen(): Pick<ScalingObservation, "group" | "cloudFailure"> {
    const nowMs = this.#options.clock.monotonicMs();
    const group = this.#group && { ...this.#group, ageMs: nowMs - this.#seenAtMs };
    const { retryAfterMs = 0 } = this.#failure ?? {};
    const holdMs = Math.max(retryAfterMs, this.#options.limits.retryDelayMs);
    const isHeld = this.#failure !== undefined && nowMs - this.#failedAtMs < holdMs;
    return { group, cloudFailure: isHeld ? this.#failure : undefined };
  }
}

/** What the view works with. */
export interface GroupViewOptions {
  executor: Executor;
  limits: ScalingLimits;
  metrics: ScalingMetrics;
  clock: Clock;
}
