import type { Runtime } from "../runtime/runtime.ts";
import type { Home } from "./home.ts";
import { homeAnnotation } from "./names.ts";

/** What has to be done so that there is the Pod that a home wants, or none. */
export type HomeStep =
  /** Create the Pod that takes over. */
  | "create-pod"
  /** Note that it is there. */
  | "adopt-pod"
  | "delete-pod"
  /** Note that the Pod went without anybody's wish. */
  | "pause"
  /** Nothing of the runtime is left: remove its home, or let the volume go. */
  | "remove-home"
  /** All is as wanted, or a Pod is still going. */
  | "none";

/** Decides the next step for a home; `pod` is the Pod with the name of its runtime, if there is one. */
export function planHome(home: Home, pod: Runtime | undefined): HomeStep {
  if (!pod) return withoutPod[home.state];
  if (pod.terminating) return "none";
  switch (home.state) {
    case "resuming":
      return resumes(pod, home) ? "adopt-pod" : "delete-pod";
    case "assigned":
      return pod.uid === home.lastPod ? "none" : "delete-pod";
    case "paused":
    case "ending":
      return "delete-pod";
  }
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
