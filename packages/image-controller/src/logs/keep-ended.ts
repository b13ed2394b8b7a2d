import type { Image } from "@datalayer/shared/crds/image";
import { ApiError, TransportError } from "@datalayer/shared/kube/api-error";
import type { Job } from "@datalayer/shared/kube/kinds";
import type { Logger } from "@datalayer/shared/log/logger";
import { keepLog, type KeepLogOptions } from "./keep-log.ts";

/** An attempt that is about to be ended, and why. */
export interface EndedAttempt {
  job: Job;
  endedBy: string;
}

/**
 * Keeps what attempts have said that are about to be ended: with their Jobs go their Pods. A log that cannot be kept does
 * not hold up the end.
 */
export async function keepEndedLogs(
  image: Image,
  ended: readonly EndedAttempt[],
  { log, ...options }: Omit<KeepLogOptions, "endedBy"> & { log: Logger },
): Promise<void> {
  for (const { job, endedBy } of ended) {
    try {
      await keepLog(image, job, { ...options, endedBy });
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof TransportError)) throw error;
      log.warn("the log of a build that is ended could not be kept", { job: job.metadata.name, error });
    }
  }
}
