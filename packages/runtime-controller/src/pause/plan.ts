import type { Runtime } from "../runtime/runtime.ts";
import type { Home } from "./home.ts";
import { homeAnnotation } from "./names.ts";

/** What has to be done so that there is the Pod that a home wants, or none. */
export type HomeStep =
  /** Create the Pod that takes over. */
  | "create-pod"
  /** Note that it is there, and serves. */
  | "adopt-pod"
  /** It takes over and does not serve yet: it starts, or its Route does not lead to it. */
  | "await-pod"
  | "delete-pod"
  /** Note that the Pod went without anybody's wish. */
  | "pause"
  /** Nothing of the runtime is left: remove its home, or let the volume go. */
  | "remove-home"
  /** All is as wanted, or a Pod is still going. */
  | "none";

/**
 * Decides the next step for a home.
 * @param pod - the Pod with the name of its runtime, if there is one.
 * @param held - why that Pod, which is ready, is not offered yet; undefined when it is.
 */
export function planHome(home: Home, pod: Runtime | undefined, held: string | undefined): HomeStep {
  if (!pod) return withoutPod[home.state];
  if (pod.terminating) return "none";
  switch (home.state) {
    case "resuming":
      return resumes(pod, home) ? takeOver(pod, held) : "delete-pod";
    case "assigned":
      return pod.uid === home.lastPod ? "none" : "delete-pod";
    case "paused":
    case "ending":
      return "delete-pod";
  }
}

function takeOver({ ready }: Runtime, held: string | undefined): HomeStep {
  return ready && held === undefined ? "adopt-pod" : "await-pod";
}

const withoutPod: Record<Home["state"], HomeStep> = {
  resuming: "create-pod",
  assigned: "pause",
  paused: "none",
  ending: "remove-home",
};

/** Whether the runtime was in this Pod until now: an older one, or one that came too late, has nothing to say. */
export function isItsPod(pod: Runtime, home: Home): boolean {
  return home.state === "assigned"
    ? pod.uid === home.lastPod
    : home.state === "resuming" && resumes(pod, home);
}

function resumes({ pod }: Runtime, { lastPod }: Home): boolean {
  return pod.metadata.annotations?.[homeAnnotation.resumes] === lastPod;
}
