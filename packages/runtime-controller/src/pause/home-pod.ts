import type { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import type { Pod } from "@datalayer/shared/kube/kinds";
import type { Manifest } from "@datalayer/shared/kube/object";
import { buildAssignedPod } from "../runtime/assigned-pod.ts";
import type { RuntimeTemplate } from "../runtime/pod-builder.ts";
import type { PodParts } from "../runtime/pod-parts.ts";
import type { Assignment } from "../runtime/runtime.ts";
import type { Home } from "./home.ts";
import { homeAnnotation, homeFinalizer, neverRan } from "./names.ts";

const volumeName = "home";
const defaultPath = "/home/datalayer";

/** When a Pod is made, and by when it has to serve, in epoch seconds. */
export interface HomePodTimes {
  now: number;
  startDeadline: number;
}

/**
 * The Pod that takes over a runtime from its home. Name, URL and token are those of before; its time begins when it
 * serves, and its credits end later by as long as it was paused.
 */
export function buildHomePod(
  template: RuntimeTemplate & { readonly revision: string },
  home: Home,
  times: HomePodTimes,
): Manifest<Pod> {
  const { ulid, tokenKeyId } = home.runtime;
  const claimName = home.claim.metadata.name;
  const parts = [...(template.parts ?? []), homeParts(claimName, template.environment)];
  const identity = { ulid, tokenKeyId, revision: template.revision };
  const manifest = buildAssignedPod({ ...template, parts }, identity, continued(home, times));
  const { annotations, finalizers = [], ...metadata } = manifest.metadata;
  const own = { [homeAnnotation.claim]: claimName, [homeAnnotation.resumes]: home.lastPod };
  return {
    ...manifest,
    metadata: {
      ...metadata,
      annotations: { ...annotations, ...own },
      finalizers: [...finalizers, homeFinalizer],
    },
  };
}

/** What is left of the credits of a runtime without a Pod, in seconds; Infinity without a limit. */
export function secondsLeft(home: Home): number {
  const { startedAt, expiredAt = Infinity } = home.runtime.assignment;
  return expiredAt - startedAt - servedSeconds(home);
}

/** How long the last Pod of a runtime without a Pod served; no time of one that never did counts. */
function servedSeconds({ runtime, lastPod, pausedAt }: Home): number {
  const { startedAt, startDeadline } = runtime.assignment;
  if (lastPod === neverRan || startDeadline !== undefined) return 0;
  return Math.max(0, (pausedAt ?? startedAt) - startedAt);
}

function continued(home: Home, { now, startDeadline }: HomePodTimes): Assignment {
  const { assignment } = home.runtime;
  const left = secondsLeft(home);
  const expiredAt = left === Infinity ? undefined : now + left;
  const used = (assignment.usedSeconds ?? 0) + servedSeconds(home);
  const usedSeconds = used === 0 ? undefined : used;
  // What the claim brought was nowhere but in a Secret of the first Pod.
  const bringsSecret = assignment.bringsSecret && home.lastPod === neverRan;
  return { ...assignment, bringsSecret, startedAt: now, usedSeconds, expiredAt, startDeadline };
}

/** A home starts empty: what the image has at that place is hidden. */
function homeParts(claimName: string, { spec }: RuntimeEnvironment): PodParts {
  const variable = spec.env?.find(({ name }) => name === "HOME");
  return {
    volumes: [{ name: volumeName, persistentVolumeClaim: { claimName } }],
    volumeMounts: [{ name: volumeName, mountPath: variable?.value ?? spec.home ?? defaultPath }],
  };
}
