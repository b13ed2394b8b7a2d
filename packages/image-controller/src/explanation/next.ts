import type { ImageStatus } from "@datalayer/shared/crds/image";

/** When something will be done next, in words; undefined when nothing will by itself. */
export function nextOf({ nextAttemptAt, nextPollAt }: ImageStatus = {}): string | undefined {
  if (nextAttemptAt !== undefined) return `The next attempt begins at ${nextAttemptAt}.`;
  if (nextPollAt !== undefined) return `The source is looked at again at ${nextPollAt}, at the latest.`;
  return undefined;
}
