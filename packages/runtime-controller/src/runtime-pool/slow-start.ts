const firstBatch = 4;
const largestBatch = 16;

/**
 * Does a number of writes in batches that double as long as all succeed, so that what cannot work is tried a
 * few times and not a thousand times.
 * @returns how many were done, and the first error; nothing is started after it.
 */
export async function slowStart(
  count: number,
  write: () => Promise<void>,
): Promise<{ done: number; error?: Error }> {
  let done = 0;
  for (let batch = firstBatch; done < count; batch = Math.min(batch * 2, largestBatch)) {
    const writes = Array.from({ length: Math.min(batch, count - done) }, write);
    const results = await Promise.allSettled(writes);
    done += results.filter(({ status }) => status === "fulfilled").length;
    const failed = results.find((result) => result.status === "rejected");
    if (failed) return { done, error: asError(failed.reason) };
  }
  return { done };
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
