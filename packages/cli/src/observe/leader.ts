import { Lease } from "@datalayer/shared/kube/kinds";
import { leaseNames } from "../chart.ts";
import type { Cluster } from "../cluster/cluster.ts";

/** Who leads a controller. */
export interface Leader {
  /** The Pod; undefined when nobody holds the lease. */
  readonly pod: string | undefined;
  readonly renewedMsAgo: number;
  /** Nobody holds it, or its holder has been silent for longer than it may. */
  readonly isVacant: boolean;
}

/** Reads the leases of the controllers in the namespace. */
export async function gatherLeases({ client, namespace }: Cluster): Promise<Lease[]> {
  const { items } = await client.list(Lease, { namespace });
  return items.filter(({ metadata }) => leaseNames.includes(metadata.name));
}

/** Who leads by a lease; pure. */
export function leaderOf({ spec }: Pick<Lease, "spec">, nowMs: number): Leader {
  const { holderIdentity, renewTime, leaseDurationSeconds = 15 } = spec ?? {};
  const renewedMsAgo = nowMs - Date.parse(renewTime ?? "1970-01-01T00:00:00Z");
  // Behind the name of the Pod there is a random part, as a Pod that was restarted is somebody else.
  const pod = holderIdentity?.replace(/_[^_]*$/, "");
  return { pod, renewedMsAgo, isVacant: !pod || renewedMsAgo > 2 * leaseDurationSeconds * 1000 };
}
