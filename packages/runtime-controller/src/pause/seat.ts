import type { Quota } from "../quota/quota.ts";
import { awaitPod, type AwaitPodOptions } from "./await-pod.ts";
import type { Home } from "./home.ts";

/** What a place within the quota is taken with. */
export interface SeatOptions extends AwaitPodOptions {
  quota: Quota;
}

const podWithinMs = 5_000;

/**
 * Starts or resumes a runtime with a home within the quota of its user. The place is kept until the Pod is there and
 * counts by itself: a paused runtime counts for nothing.
 * @throws ClaimError `quota-exceeded`
 */
export async function withSeat(
  claimant: { userUid: string; namespace: string },
  start: () => Promise<Home>,
  options: SeatOptions,
): Promise<Home> {
  const seat = options.quota.reserve(claimant);
  try {
    const home = await start();
    void awaitPod(home, options, podWithinMs).finally(() => {
      seat.free();
    });
    return home;
  } catch (error) {
    seat.free();
    throw error;
  }
}
