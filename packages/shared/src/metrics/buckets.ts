/** Upper bounds in seconds for what a user waits for, from 1 ms: a claim is a matter of milliseconds. */
export const CLAIM_BUCKETS_SECONDS: readonly number[] = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];
