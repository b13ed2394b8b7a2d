import type { Home } from "../pause/home.ts";
import type { Homes } from "../pause/homes.ts";
import { homeAnnotation } from "../pause/names.ts";
import type { Runtime } from "../runtime/runtime.ts";
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

/** Every home that stands for its runtime, and a test that leaves out the Pods that they stand for. */
export function shownHomes({ homes, runtimes }: HomeLookup): {
  shown: Home[];
  hides: (pod: Runtime) => boolean;
} {
  const shown = homes.all().filter((home) => isShown(home, runtimes.find(home.runtime.name)));
  const names = new Set(shown.map(({ runtime }) => runtime.name));
  return { shown, hides: ({ name }) => names.has(name) };
}

/** A Pod that is going is no longer the runtime. */
function isShown({ state }: Home, pod: Runtime | undefined): boolean {
  return !pod || pod.terminating || state === "paused" || state === "ending";
}
