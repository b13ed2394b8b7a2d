import type { Home } from "../pause/home.ts";
import type { Homes } from "../pause/homes.ts";
import { homeAnnotation } from "../pause/names.ts";
import { type AssignedRuntime, isAssigned, type Runtime } from "../runtime/runtime.ts";
import type { Runtimes } from "../runtime/runtimes.ts";

/** Where runtimes with a home are looked up. */
export interface HomeLookup {
  homes: Homes;
  runtimes: Runtimes;
}

/** The home of a runtime, where it and not a Pod is what there is to show. */
export async function findShownHome(podName: string, lookup: HomeLookup): Promise<Home | undefined> {
  const { homes, runtimes } = lookup;
  const pod = runtimes.find(podName);
  // Another replica may have made it a moment ago.
  const home = homes.find(podName) ?? (pod ? undefined : await homes.read(podName));
  return home && isShown(home, pod) ? home : undefined;
}

/** Whether the runtime of this name has a home: then the home decides on its end. */
export async function hasHome(podName: string, { homes, runtimes }: HomeLookup): Promise<boolean> {
  const pod = runtimes.find(podName)?.pod;
  if (pod) return pod.metadata.annotations?.[homeAnnotation.claim] !== undefined;
  return (homes.find(podName) ?? (await homes.read(podName))) !== undefined;
}

/** One of the runtimes that users have. */
export interface ShownRuntime {
  runtime: AssignedRuntime;
  /** Where it and not a Pod is what there is to show. */
  home?: Home;
}

/** The runtimes that users have, each of them once: by its Pod, or by the home that stands for it. */
export function shownRuntimes({ homes, runtimes }: HomeLookup): ShownRuntime[] {
  const shown = homes.all().filter((home) => isShown(home, runtimes.find(home.runtime.name)));
  const names = new Set(shown.map(({ runtime }) => runtime.name));
  const pods = runtimes.all().filter(isAssigned);
  return [
    ...pods.filter(({ name }) => !names.has(name)).map((runtime) => ({ runtime })),
    ...shown.map((home) => ({ runtime: home.runtime, home })),
  ];
}

/** A Pod that is going is no longer the runtime. */
function isShown({ state }: Home, pod: Runtime | undefined): boolean {
  return !pod || pod.terminating || state === "paused" || state === "ending";
}
