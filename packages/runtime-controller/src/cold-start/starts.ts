import type { Clock } from "@datalayer/shared/clock/clock";
import type { Pod } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { ClaimError } from "../claim/claim-error.ts";
import { startFailureOf } from "../runtime-pool/start-failure.ts";
import { parseRuntime, type Runtime } from "../runtime/runtime.ts";

/** Waits for runtimes that were created for their users to serve; the watch tells, nothing is polled. */
export class Starts {
  readonly #pods: ObjectReader<Pod>;
  readonly #clock: Clock;

  constructor(options: { pods: ObjectReader<Pod>; clock: Clock }) {
    this.#pods = options.pods;
    this.#clock = options.clock;
  }

  /**
   * The runtime once it serves, or as it is when the time is over or nobody waits any more.
   * @throws ClaimError `start-failed` saying why when it ends instead.
   */
  async wait(runtime: Runtime, withinMs: number, signal: AbortSignal): Promise<Runtime> {
    if (!isStarting(runtime)) return runtime;
    const decided = Promise.withResolvers<Runtime | undefined>();
    const done = new AbortController();
    let latest = runtime;
    const end = this.#pods.onChange(({ type, object }) => {
      if (object.metadata.uid !== runtime.uid) return;
      latest = parseRuntime(object) ?? latest;
      if (type === "deleted" || latest.terminating || latest.ended) decided.reject(failed(latest));
      else if (!isStarting(latest)) decided.resolve(latest);
    });
    const over = AbortSignal.any([done.signal, signal]);
    void this.#clock.sleep(withinMs, over).then(
      () => decided.resolve(undefined),
      () => decided.resolve(undefined),
    );
    try {
      return (await decided.promise) ?? latest;
    } finally {
      end();
      done.abort();
    }
  }
}

/** Whether the runtime was created for its user and does not serve yet. */
export function isStarting({ assignment }: Runtime): boolean {
  return assignment?.startDeadline !== undefined;
}

function failed({ name, end, pod }: Runtime): ClaimError {
  const why = end?.detail ?? startFailureOf(pod)?.message ?? "it was ended";
  return new ClaimError("start-failed", `runtime ${name} has not started: ${why}`, { retryAfterMs: 30_000 });
}
