import { type Clock, systemClock } from "@datalayer/shared/clock/clock";
import { ApiError, TransportError } from "@datalayer/shared/kube/api-error";
import { ConfigMap, type Job } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { component, label, recordName } from "../image/names.ts";
import { type Attempt, isOf, podOf, unlessNotFound } from "./attempt.ts";
import { BoundedLog } from "./bounded-log.ts";
import { type Mask, maskedLines } from "./log-lines.ts";
import { podLog } from "./pod-log.ts";
import { logIn, recordOf, recordsToDrop } from "./record.ts";

/** How logs are kept. */
export interface KeepLogOptions {
  client: RestClient;
  /** Hides the secrets of the build. */
  mask: Mask;
  clock?: Clock;
}

/** As much as is held in memory of one log, in characters. */
const bounds = { head: 512 * 1024, tail: 2 * 1024 * 1024 };
/** A node that does not answer by then will not: it is gone, and the log with it. */
const longestSilenceMs = 5 * 60_000;
const readTimeoutMs = 60_000;

/**
 * Keeps the log of an attempt that has ended. It is called before its Job is deleted, as the Pod goes with that, and any
 * number of times: the first record stays. Records that the history of the spec has no place for are deleted.
 * @returns the log as it is kept, without secrets.
 * @throws ApiError | TransportError while the node does not give out the log and may still do so.
 */
export async function keepLog(image: Attempt["image"], job: Job, options: KeepLogOptions): Promise<string> {
  const { client } = options;
  const attempt = { image, name: job.metadata.name };
  const kept = await keptLog(attempt, client);
  if (kept !== undefined) return kept;
  const record = recordOf(attempt, { job, log: await wholeLog(attempt, job, options) });
  const log = await createOnce(attempt, record, client);
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
  const { client, mask, clock = systemClock } = options;
  const pod = await podOf(attempt, client);
  const log = new BoundedLog(bounds);
  if (!pod) log.add("[the Pod was gone before its log was kept]");
  try {
    const chunks = pod ? podLog(pod, { client, signal: AbortSignal.timeout(readTimeoutMs) }) : [];
    for await (const line of maskedLines(chunks, mask)) log.add(line);
  } catch (error) {
    if (!isOfNode(error) || clock.now() - endOf(job) < longestSilenceMs) throw error;
    log.add("[the node did not give out the rest of the log]");
  }
  return log.text();
}

/** Whether it was not the API server that failed, or need not have been. */
function isOfNode(error: unknown): boolean {
  return error instanceof TransportError || (error instanceof ApiError && error.status >= 500);
}

function endOf({ status, metadata }: Job): number {
  const end = (status?.conditions ?? []).find(
    ({ type, status: is }) => (type === "Complete" || type === "Failed") && is === "True",
  );
  return Date.parse(end?.lastTransitionTime ?? metadata.creationTimestamp);
}

async function dropOldRecords(image: Attempt["image"], client: RestClient): Promise<void> {
  const { namespace, uid } = image.metadata;
  const labelSelector = `${label.image}=${uid},${label.component}=${component.record}`;
  const { items } = await client.list(ConfigMap, { namespace, labelSelector });
  for (const { metadata } of recordsToDrop(items, image.spec.history))
    await unlessNotFound(client.delete(ConfigMap, metadata, { uid: metadata.uid }));
}
