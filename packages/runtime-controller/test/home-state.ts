import { eventually } from "@datalayer/devcluster/testkit/eventually";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { PersistentVolumeClaim, Pod, Secret } from "@datalayer/shared/kube/kinds";
import { type Home, parseHome } from "../src/pause/home.ts";
import { parseRuntime, type Runtime } from "../src/runtime/runtime.ts";
import type { Harness } from "./harness.ts";

/** Where a runtime with a home can come to rest. */
export type HomeRest = "running" | "paused" | "ended";

/** What the API server has of the runtime with this reservation; Pods that are going are among its Pods. */
export interface HomeFacts {
  home: Home | undefined;
  pods: Runtime[];
}

/** Reads what there is of a runtime with a home, past every replica. */
export async function homeFacts(cluster: Harness, reservation: string): Promise<HomeFacts> {
  const { admin, namespace } = cluster;
  const isIts = ({ assignment }: Runtime): boolean => assignment?.reservationId === reservation;
  // The home first: a Pod that is seen without one is one that was left behind.
  const claims = await admin.list(PersistentVolumeClaim, { namespace });
  const pods = await admin.list(Pod, { namespace });
  return {
    home: claims.items.flatMap((claim) => parseHome(claim) ?? []).find(({ runtime }) => isIts(runtime)),
    pods: pods.items.flatMap((pod) => parseRuntime(pod) ?? []).filter(isIts),
  };
}

/** Waits until all that a runtime wants is there, and all that it does not want is gone. */
export async function untilAtRest(cluster: Harness, reservation: string, rest: HomeRest): Promise<HomeFacts> {
  return eventually(
    async () => {
      const facts = await homeFacts(cluster, reservation);
      return (await isAtRest[rest](cluster, facts)) && facts;
    },
    { timeoutMs: 90_000, intervalMs: 100, message: `${reservation} being ${rest}` },
  );
}

const isAtRest: Record<HomeRest, (cluster: Harness, facts: HomeFacts) => boolean | Promise<boolean>> = {
  running: async (cluster, { home, pods: [pod, ...others] }) =>
    home?.state === "assigned" &&
    pod?.uid === home.lastPod &&
    pod.ready &&
    pod.assignment?.startDeadline === undefined &&
    !pod.terminating &&
    others.length === 0 &&
    (await tokenOwner(cluster, pod)) === pod.uid,
  paused: (_, { home, pods }) => home?.state === "paused" && pods.length === 0,
  ended: (_, { home, pods }) => home === undefined && pods.length === 0,
};

async function tokenOwner({ admin }: Harness, { namespace, name }: Runtime): Promise<string | undefined> {
  const secret = await admin.get(Secret, { namespace, name: `${name}-token` }).catch((error: unknown) => {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    throw error;
  });
  return secret?.metadata.ownerReferences?.[0]?.uid;
}
