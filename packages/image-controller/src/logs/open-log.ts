import type { RestClient } from "@datalayer/shared/kube/rest";
import { type Attempt, jobOf, podOf } from "./attempt.ts";
import { keptLog } from "./keep-log.ts";
import { type Mask, maskedLines } from "./log-lines.ts";
import { followedLog, podLog } from "./pod-log.ts";

/** How a log is read. */
export interface OpenLogOptions {
  client: RestClient;
  mask: Mask;
  /** Whether to wait for what the build has yet to say. */
  follow: boolean;
  signal: AbortSignal;
}

/** A log as text, in pieces. */
export type LogText = AsyncIterable<string> | Iterable<string>;

/**
 * The log of an attempt, without secrets: that of its Pod while there is one, and after that the one that was kept.
 * Undefined when there is neither, and none to wait for.
 */
export async function openLog(attempt: Attempt, options: OpenLogOptions): Promise<LogText | undefined> {
  const { client } = options;
  // It may be kept, and its Pod deleted, between the two.
  return (await kept(attempt, client)) ?? (await living(attempt, options)) ?? (await kept(attempt, client));
}

async function kept(attempt: Attempt, client: RestClient): Promise<LogText | undefined> {
  const log = await keptLog(attempt, client);
  return log === undefined ? undefined : [log];
}

async function living(
  attempt: Attempt,
  { client, mask, follow, signal }: OpenLogOptions,
): Promise<LogText | undefined> {
  const pod = await podOf(attempt, client);
  if (!pod && !(follow && (await jobOf(attempt, client)))) return undefined;
  const chunks = pod && !follow ? podLog(pod, { client, signal }) : followedLog(attempt, { client, signal });
  return withLineEnds(maskedLines(chunks, mask));
}

async function* withLineEnds(lines: AsyncIterable<string>): AsyncGenerator<string, void> {
  for await (const line of lines) yield `${line}\n`;
}
