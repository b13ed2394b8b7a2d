import { ApiError, TransportError } from "@datalayer/shared/kube/api-error";
import { Pod } from "@datalayer/shared/kube/kinds";
import { objectPath, withQuery } from "@datalayer/shared/kube/paths";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { type Attempt, awaitPod } from "./attempt.ts";

/** How the log of a Pod is read. */
export interface PodLogOptions {
  client: RestClient;
  signal: AbortSignal;
}

/** What the containers of a Pod have said by now, one after the other, as they run. */
export async function* podLog(pod: Pod, options: PodLogOptions): AsyncGenerator<Buffer, void> {
  for (const container of containersOf(pod)) yield* containerLog(pod, { container, ...options });
}

/** The same, and what they will say until the last one has ended. Waits for a Pod that is not there yet. */
export async function* followedLog(attempt: Attempt, options: PodLogOptions): AsyncGenerator<Buffer, void> {
  const first = await awaitPod(attempt, () => true, options);
  for (const container of first ? containersOf(first) : []) {
    const pod = await awaitPod(attempt, (one) => hasBegun(one, container) || hasEnded(one), options);
    if (!pod) return;
    yield* containerLog(pod, { container, follow: true, ...options });
  }
}

/** In the order in which they run. */
function containersOf({ spec }: Pod): string[] {
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map(({ name }) => name);
}

function hasBegun({ status }: Pod, container: string): boolean {
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const state = all.find(({ name }) => name === container)?.state;
  return state?.running !== undefined || state?.terminated !== undefined;
}

function hasEnded({ status }: Pod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

async function* containerLog(
  pod: Pod,
  { client, signal, ...query }: PodLogOptions & { container: string; follow?: boolean },
): AsyncGenerator<Buffer, void> {
  const path = withQuery(objectPath(Pod, pod.metadata, "log"), query);
  const stream = await unlessWithoutLog(client.stream(path, { signal }));
  if (!stream) return;
  try {
    yield* stream.body as AsyncIterable<Buffer>;
  } catch (cause) {
    const call = { verb: "GET", kind: path, target: "" };
    throw new TransportError(call, "disconnected", "the log was cut short", { sent: true, cause });
  } finally {
    stream.close();
  }
}

async function unlessWithoutLog<T>(open: Promise<T>): Promise<T | undefined> {
  try {
    return await open;
  } catch (error) {
    if (error instanceof ApiError && isWithoutLog(error)) return undefined;
    throw error;
  }
}

/** The container has not begun and never will, or the Pod is gone. */
function isWithoutLog({ status }: ApiError): boolean {
  return status === 400 || status === 404;
}
