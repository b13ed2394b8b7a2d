import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { type Job, Pod } from "@datalayer/shared/kube/kinds";
import type { RestClient } from "@datalayer/shared/kube/rest";

/** How the container of a build ends. */
export interface End {
  exitCode?: number;
  reason?: string;
  /** Termination message. */
  message?: string;
  /** Of the Pod, such as `Evicted`. */
  podReason?: string;
  podMessage?: string;
  conditions?: { type: string; status: string; reason?: string; message?: string }[];
  /** Ends the container that fetches the source instead. */
  isFetcher?: boolean;
}

/** The Pod that the controller manager has made for a Job. */
export function podOf(admin: RestClient, { metadata }: Job): Promise<Pod> {
  const { namespace, name } = metadata;
  return eventually(
    async () => (await admin.list(Pod, { namespace, labelSelector: `job-name=${name}` })).items[0],
    { timeoutMs: 40_000, message: `the Pod of Job ${name}` },
  );
}

/** Has the container of a build run, as kubelet would say it. */
export async function start(admin: RestClient, job: Job): Promise<Pod> {
  const pod = await podOf(admin, job);
  return setStatus(admin, pod, {
    phase: "Running",
    containerStatuses: [containerStatus({ running: { startedAt: now() } })],
  });
}

/** Has it end. */
export async function end(admin: RestClient, job: Job, how: End = {}): Promise<Pod> {
  const { exitCode = 0, reason = exitCode === 0 ? "Completed" : "Error", message, conditions = [] } = how;
  const pod = await podOf(admin, job);
  const terminated = { exitCode, reason, message, startedAt: now(), finishedAt: now() };
  const statuses = [containerStatus({ terminated }, how.isFetcher ? "source" : "build")];
  return setStatus(admin, pod, {
    phase: exitCode === 0 ? "Succeeded" : "Failed",
    reason: how.podReason,
    message: how.podMessage,
    conditions,
    ...(how.isFetcher ? { initContainerStatuses: statuses } : { containerStatuses: statuses }),
  });
}

function setStatus(admin: RestClient, { metadata }: Pod, value: Pod["status"]): Promise<Pod> {
  return admin.patch(Pod, metadata, [{ op: "add", path: "/status", value }], { subresource: "status" });
}

type State = NonNullable<NonNullable<NonNullable<Pod["status"]>["containerStatuses"]>[number]["state"]>;

function containerStatus(state: State, name = "build") {
  return { name, image: "i", imageID: "i", ready: false, restartCount: 0, state };
}

function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, "Z");
}
