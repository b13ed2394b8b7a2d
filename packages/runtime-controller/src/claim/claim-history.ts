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
   * @param claimed - the version of a Pod that was claimed for the key just now, which the watch need not have shown yet.
   * @throws ApiError `isGone` when the claims are older than the API server's memory.
   */
  async first(key: string, claimed?: string): Promise<Pod | undefined> {
    const { client, pods, order, metrics } = this.#options;
    metrics.historyReads.inc();
    const namespaces = [...new Set(pods.list().map(({ metadata }) => metadata.namespace))];
    const seen = order.lookBackFrom(key);
    const from = earlier(seen, claimed === undefined ? undefined : BigInt(claimed));
    if (from === undefined) return undefined;
    const first = await firstClaimant(podsOfKey(client, namespaces, key), from);
    if (first) order.settle(key, first);
    return first;
  }
}

function earlier(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a < b ? a : b;
}
