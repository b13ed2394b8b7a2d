import { Counter, Histogram, type Registry } from "prom-client";

/** What is counted of claims. */
export interface ClaimMetrics {
  /** Seconds from the request to the answer, by result: `assigned` or the refusal. */
  duration: Histogram<"result">;
  /** Candidates that another claim took first. */
  lostCandidates: Counter;
  /** Claims whose order had to be read from the API server, because the watch was late or broken. */
  historyReads: Counter;
}

// A warm claim takes milliseconds; the usual buckets, which start at 5 ms, would show one bar.
const bucketsSeconds = [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1, 2.5, 5, 10];

/** The metrics of claims, on a registry. */
export function claimMetrics(registry: Registry): ClaimMetrics {
  const registers = [registry];
  return {
    duration: new Histogram({
      name: "datalayer_claim_duration_seconds",
      help: "Time from a claim to its answer",
      labelNames: ["result"],
      buckets: bucketsSeconds,
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
