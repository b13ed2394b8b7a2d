import type { PersistentVolumeClaim } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { isHeld } from "../quota/holders.ts";
import type { Quota } from "../quota/quota.ts";
import type { Home } from "./home.ts";

/** What a place within the quota is taken with. */
export interface SeatOptions {
  quota: Quota;
  volumeClaims: ObjectReader<PersistentVolumeClaim>;
}

/** How a runtime with a home comes to want a Pod. */
interface Start {
  /** Answers with the home as it was written, and recorded in the cache: from then on the cache counts it. */
  start: () => Promise<Home>;
  /** Takes it back. */
  undo: (home: Home) => Promise<unknown>;
}

const watchWithinMs = 1_000;

/**
 * Starts or resumes a runtime with a home within the quota of its user, and takes that back when other replicas filled
 * the quota before it; see {@link Quota}.
 * @throws ClaimError `quota-exceeded`
 */
export async function withSeat(
  claimant: { userUid: string; namespace: string },
  { start, undo }: Start,
  { quota, volumeClaims }: SeatOptions,
): Promise<Home> {
  const seat = quota.reserve(claimant);
  const home = await start().finally(() => {
    seat.free();
  });
  // A repeat may find it paused, or ending, by now.
  if (!quota.isLimited || !isHeld(home.state)) return home;
  const { namespace, resourceVersion } = home.claim.metadata;
  const isShown = await volumeClaims.waitFor(resourceVersion, { timeoutMs: watchWithinMs, namespace });
  if (!isShown) return home;
  try {
    quota.confirm(home.claim);
  } catch (error) {
    await undo(home);
    throw error;
  }
  return home;
}
