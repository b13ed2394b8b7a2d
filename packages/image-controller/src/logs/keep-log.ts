import { type Clock, systemClock } from "@datalayer/shared/clock/clock";
import { ApiError, TransportError } from "@datalayer/shared/kube/api-error";
import type { Image } from "@datalayer/shared/crds/image";
import { ConfigMap, type Job } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { component, label, recordName } from "../image/names.ts";
import { timestamp } from "../image/timestamp.ts";
import { type Attempt, isOf, podOf, unlessNotFound } from "./attempt.ts";
import { BoundedLog } from "./bounded-log.ts";
import { type Mask, maskedLines } from "./log-lines.ts";
import { podLog } from "./pod-log.ts";
import { endOf, logIn, recordOf, recordsToDrop } from "./record.ts";

/** How logs are kept. */
export interface KeepLogOptions {
  client: RestClient;
  /** What hides the secrets of the build; asked for when a log is read. */
  mask: () => Promise<Mask>;
  clock?: Clock;
  /**
   * Why the attempt is about to be ended, where it has not ended by itself. What it has said by now is kept then, and a
   * node that does not answer is not waited for.
   */
  endedBy?: string;
}

/** As much as is held in memory of one log, in characters. */
const bounds = { head: 512 * 1024, tail: 2 * 1024 * 1024 };
/** A node that does not answer by then will not: it is gone, and the log with it. */
const longestSilenceMs = 5 * 60_000;
const readTimeoutMs = 60_000;
/** Who ends a build wants it ended. */
const lastReadTimeoutMs = 5_000;

/**
 * Keeps the log of an attempt that has ended. It is called before its Job is deleted, as the Pod goes with that, and any
 * number of times: the first record stays. Records that the history of the spec has no place for are deleted, and not
 * made.
 * @returns the log as it is kept, without secrets; undefined where there is no place for it.
 * @throws ApiError | TransportError while the node does not give out the log and may still do so.
 */
export async function keepLog(image: Image, job: Job, options: KeepLogOptions): Promise<string | undefined> {
  const { client, clock = systemClock } = options;
  const attempt = { image, name: job.metadata.name };
  const endedAt = endOf(job)?.lastTransitionTime ?? timestamp(clock.now());
  const kept = await keptLog(attempt, client);
  if (kept !== undefined) return kept;
  const empty = recordOf(attempt, { job, log: "", endedAt });
  const wouldGo = recordsToDrop([...(await recordsOf(image, client)), empty], image.spec.history);
  if (wouldGo.includes(empty)) return undefined;
  const whole = await wholeLog(attempt, job, options);
  const log = await createOnce(attempt, recordOf(attempt, { job, log: whole, endedAt }), client);
  await dropOldRecords(image, client);
  return log;
}

/** Another replica may have been first. */
async function createOnce(
  attempt: Attempt,
  record: Manifest<ConfigMap>,
  client: RestClient,
): Promise<string> {
  try {
    return logIn(await client.create(ConfigMap, record));
  } catch (error) {
    const first = error instanceof ApiError && error.isAlreadyExists && (await keptLog(attempt, client));
    if (typeof first === "string") return first;
    throw error;
  }
}

/** The log of an attempt that was kept; undefined when it was not, or no longer is. */
export async function keptLog({ image, name }: Attempt, client: RestClient): Promise<string | undefined> {
  const ref = { namespace: image.metadata.namespace, name: recordName(name) };
  const record = await unlessNotFound(client.get(ConfigMap, ref));
  return record && isOf(image, record) ? logIn(record) : undefined;
}

async function wholeLog(attempt: Attempt, job: Job, options: KeepLogOptions): Promise<string> {
  const { client, mask, endedBy } = options;
  const timeoutMs = endedBy === undefined ? readTimeoutMs : lastReadTimeoutMs;
  const pod = await podOf(attempt, client);
  const log = new BoundedLog(bounds);
  if (!pod) log.add("[the Pod was gone before its log was kept]");
  try {
    const chunks = pod ? podLog(pod, { client, signal: AbortSignal.timeout(timeoutMs) }) : [];
    for await (const line of maskedLines(chunks, await mask())) log.add(line);
  } catch (error) {
    if (!isOfNode(error) || isWaitedFor(job, options)) throw error;
    log.add("[the node did not give out the rest of the log]");
  }
  if (endedBy !== undefined) log.add(`[the build was ended: ${endedBy}]`);
  return log.text();
}

/** Whether a node that does not answer may still do so, and has to. */
function isWaitedFor(job: Job, { endedBy, clock = systemClock }: KeepLogOptions): boolean {
  return endedBy === undefined && clock.now() - endedAtMs(job) < longestSilenceMs;
}

/** Whether it was not the API server that failed, or need not have been. */
function isOfNode(error: unknown): boolean {
  return error instanceof TransportError || (error instanceof ApiError && error.status >= 500);
}

function endedAtMs(job: Job): number {
  return Date.parse(endOf(job)?.lastTransitionTime ?? job.metadata.creationTimestamp);
}

/** Those of an Image that are there. */
async function recordsOf({ metadata: { namespace, uid } }: Image, client: RestClient): Promise<ConfigMap[]> {
  const labelSelector = `${label.image}=${uid},${label.component}=${component.record}`;
  return (await client.list(ConfigMap, { namespace, labelSelector })).items;
}

async function dropOldRecords(image: Image, client: RestClient): Promise<void> {
  for (const { metadata } of recordsToDrop(await recordsOf(image, client), image.spec.history))
    await unlessNotFound(client.delete(ConfigMap, metadata, { uid: metadata.uid }));
}
