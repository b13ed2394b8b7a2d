/** How a condition of a Route is, and why. */
export interface Finding {
  status: "True" | "False" | "Unknown";
  /** Of `routeReason`. */
  reason: string;
  /** A sentence for people. */
  message: string;
}

/** What was last seen of a Route in the data plane. Anything inconclusive is `Unknown`. */
export interface Verdict {
  /** Whether every replica serves this very configuration. */
  programmed: Finding;
  /** Whether requests through every replica behaved; absent while that is not known. */
  behaves?: Finding;
  replicas: { programmed: number; total: number };
}

/** What was seen through one replica; undefined stands for "not looked yet". */
export interface Seen {
  /** Name of the replica, for people. */
  replica: string;
  finding: Finding | undefined;
}

const order: readonly Finding["status"][] = ["False", "Unknown", "True"];

/**
 * The worst of what was seen: False before Unknown before True, with the name of the replica where there are
 * several. Undefined while a replica was not looked at and none has failed.
 */
export function worstOf(seen: readonly Seen[]): Finding | undefined {
  const worst = order
    .map((status) => seen.find(({ finding }) => finding?.status === status))
    .find((one) => one !== undefined);
  const isComplete = seen.every(({ finding }) => finding !== undefined);
  if (!worst?.finding || (!isComplete && worst.finding.status !== "False")) return undefined;
  const { finding, replica } = worst;
  const message =
    seen.length > 1 && finding.status !== "True" ? `Replica ${replica}: ${finding.message}` : finding.message;
  return { ...finding, message };
}

/** Whether two verdicts say the same. */
export function isSameVerdict(one: Verdict | undefined, other: Verdict | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
