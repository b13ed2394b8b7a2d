import { Pod } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RestClient } from "@datalayer/shared/kube/rest";
import type { ClaimMetrics } from "./claim-metrics.ts";
import type { ClaimOrder } from "./claim-order.ts";
import { firstClaimant, podsOfKey } from "./first-claimant.ts";

/** What the history is read with. */
export interface ClaimHistoryOptions {
  client: RestClient;
  pods: ObjectReader<Pod>;
  order: ClaimOrder;
  metrics: ClaimMetrics;
}

/** The order of claims as the API server remembers it, for when the watch does not tell: it keeps five minutes. */
export class ClaimHistory {
  readonly #options: ClaimHistoryOptions;

  constructor(options: ClaimHistoryOptions) {
    this.#options = options;
  }

  /**
   * The first Pod of the key, which the order then knows too; undefined when no Pod carries it.
   * @param resourceVersion - from where to look back; default the newest that the watch has delivered.
   * @throws ApiError `isGone` when the claims are older than the API server's memory.
   */
  async first(key: string, resourceVersion?: string): Promise<Pod | undefined> {
    const { client, pods, order, metrics } = this.#options;
    metrics.historyReads.inc();
    const known = pods.list();
    const namespaces = [...new Set(known.map(({ metadata }) => metadata.namespace))];
    const from = resourceVersion === undefined ? newestOf(known) : BigInt(resourceVersion);
    const first = await firstClaimant(podsOfKey(client, namespaces, key), from);
    if (first) order.settle(key, first);
    return first;
  }
}

function newestOf(pods: readonly Pod[]): bigint {
  const versions = pods.map(({ metadata }) => BigInt(metadata.resourceVersion));
  return versions.reduce((a, b) => (a > b ? a : b), 0n);
}
