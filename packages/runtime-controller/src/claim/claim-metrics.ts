import { CLAIM_BUCKETS_SECONDS } from "@datalayer/shared/metrics/buckets";
import { Counter, Histogram, type Registry } from "prom-client";

/** What is counted of claims. */
export interface ClaimMetrics {
  /** Seconds from the request to the answer, by result: `assigned`, the refusal, or `failed`. */
  duration: Histogram<"result">;
  /** Candidates that another claim took first. */
  lostCandidates: Counter;
  /** Claims whose order had to be read from the API server, because the watch was late or broken. */
  historyReads: Counter;
}

/** The metrics of claims, on a registry. */
export function claimMetrics(registry: Registry): ClaimMetrics {
  const registers = [registry];
  return {
    duration: new Histogram({
      name: "datalayer_claim_duration_seconds",
      help: "Time from a claim to its answer",
      labelNames: ["result"],
      buckets: [...CLAIM_BUCKETS_SECONDS],
      registers,
    }),
    lostCandidates: new Counter({
      name: "datalayer_claim_lost_candidates_total",
      help: "Warm runtimes that another claim took first",
      registers,
    }),
    historyReads: new Counter({
      name: "datalayer_claim_history_reads_total",
      help: "Claims whose order was read from the API server",
      registers,
    }),
  };
}
