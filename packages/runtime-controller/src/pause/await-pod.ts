import type { Clock } from "@datalayer/shared/clock/clock";
import type { Pod } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { type AssignedRuntime, isAssigned } from "../runtime/runtime.ts";
import type { Runtimes } from "../runtime/runtimes.ts";
import type { Home } from "./home.ts";

/** What the Pod of a home is waited for with. */
export interface AwaitPodOptions {
  pods: ObjectReader<Pod>;
  runtimes: Runtimes;
  clock: Clock;
}

/** The Pod of a home that was launched just now, as soon as it is created; undefined when it takes too long. */
export async function awaitPod(
  { runtime: { name } }: Home,
  { pods, runtimes, clock }: AwaitPodOptions,
  withinMs: number,
): Promise<AssignedRuntime | undefined> {
  const { promise, resolve } = Promise.withResolvers<AssignedRuntime>();
  const end = pods.onChange(({ type, object }) => {
    const runtime = type !== "deleted" && object.metadata.name === name ? runtimes.of(object) : undefined;
    if (runtime && isAssigned(runtime) && !runtime.terminating) resolve(runtime);
  });
  try {
    return await Promise.race([promise, clock.sleep(withinMs).then(() => undefined)]);
  } finally {
    end();
  }
}
