import {
  type Context,
  controller,
  type Controller,
  type Report,
} from "@datalayer/shared/controller/controller";
import { settled } from "@datalayer/shared/controller/outcome";
import { TokenBucket } from "@datalayer/shared/controller/token-bucket";
import type { Clock } from "@datalayer/shared/clock/clock";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { keyOf, type ObjectRef } from "@datalayer/shared/kube/object";
import { Pod } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { stillLives } from "../end-of-life/end-runtime.ts";
import { annotation } from "../runtime/names.ts";
import { addEach } from "../runtime/pod-patch.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Runtimes } from "../runtime/runtimes.ts";
import type { RuntimeTokens } from "../runtime/runtime-tokens.ts";
import { ingressOf } from "../runtime/url.ts";
import {
  activityToNote,
  askAgainAfterMs,
  type Observation,
  observed,
  type ServerAnswer,
} from "./idleness.ts";
import type { GatewayActivity } from "./gateway.ts";
import { askJupyter } from "./jupyter.ts";
import type { ActivityMetrics } from "./metrics.ts";
import type { Observations } from "./observations.ts";

/** What runtimes are observed with. */
export interface ActivityOptions {
  pods: ObjectReader<Pod>;
  pools: ObjectReader<RuntimePool>;
  runtimes: Runtimes;
  tokens: RuntimeTokens;
  observations: Observations;
  metrics: ActivityMetrics;
  gateway: GatewayActivity;
  clock: Clock;
  /** Called when a runtime turns out to be idle. */
  onIdle: (runtime: ObjectRef) => void;
}

/** Runtimes asked at once, and in a second: thousands must cost neither them nor the network much. */
const workers = 32;
const limits = { burst: 50, perSecond: 50 };

/**
 * Observes the use of assigned runtimes whose pools end idle ones: asks their Jupyter servers, keeps what they say,
 * and writes the time of the last use on the Pod now and then. It ends nothing itself. Where the URL leads through the runtime
 * gateway, that is asked as well: what its clients do is use, and that they are connected is none.
 *
 * A server that does not answer is asked again later; meanwhile nothing is known of its use.
 */
export function activityController(options: ActivityOptions): Controller {
  const { pods, pools, runtimes, observations } = options;
  const bucket = new TokenBucket(limits, options.clock);
  const isObserved = (runtime: Runtime): boolean =>
    !runtime.terminating && runtime.assignment !== undefined && observations.cullMsOf(runtime) !== undefined;
  return controller({
    name: "activity",
    for: Pod,
    informer: pods,
    workers,
    selects: (pod) => {
      const runtime = runtimes.of(pod);
      return runtime !== undefined && isObserved(runtime);
    },
    watches: [
      {
        informer: pools,
        keys: ({ metadata }: RuntimePool) => runtimes.ofPool(metadata).filter(isObserved).map(keyOf),
      },
    ],
    reportsStatus: false,
    reconcile: async (pod, context) => {
      const runtime = runtimes.of(pod);
      const known = runtime && observations.of(runtime);
      const cullMs = runtime && observations.cullMsOf(runtime);
      if (!known || cullMs === undefined) return { outcome: settled() };
      return observe({ runtime, known, cullMs, bucket }, options, context);
    },
  });
}

interface Observed {
  runtime: Runtime;
  known: Observation;
  cullMs: number;
  bucket: TokenBucket;
}

async function observe(
  { runtime, known, cullMs, bucket }: Observed,
  options: ActivityOptions,
  context: Context,
): Promise<Report<Pod>> {
  const { clock, observations, onIdle } = options;
  const waitMs = askAgainAfterMs(known, cullMs, clock.monotonicMs());
  if (waitMs > 0) return { outcome: settled({ recheckAfterMs: waitMs }) };
  while (!bucket.take()) await clock.sleep(bucket.waitMs(), context.signal);
  const answer = await ask(runtime, { known, cullMs }, options, context);
  const now = observed(known, answer, clock.monotonicMs());
  observations.note(runtime, now);
  if (observations.isIdle(runtime)) onIdle(runtime);
  await noteActivity(runtime, now, context);
  return { outcome: settled({ recheckAfterMs: askAgainAfterMs(now, cullMs, clock.monotonicMs()) }) };
}

async function ask(
  runtime: Runtime,
  { known, cullMs }: Pick<Observed, "known" | "cullMs">,
  { tokens, metrics, gateway }: ActivityOptions,
  { signal, log }: Context,
): Promise<ServerAnswer | undefined> {
  const url = ingressOf(runtime, { podIP: runtime.pod.status?.podIP });
  const token = await tokens.of(runtime);
  try {
    const clientIdleMs = await gateway.clientIdleMs(runtime);
    const answer = await askJupyter({ url, token }, { idleMs: cullMs, clientIdleMs }, signal);
    metrics.asked.inc({ result: "answered" });
    return answer;
  } catch (error) {
    if (signal.aborted) throw error;
    metrics.asked.inc({ result: "failed" });
    const isNew = known.askedAtMs === undefined || known.answer !== undefined;
    if (isNew) log.warn("the use of a runtime is not known: it will not end as idle", { error });
    return undefined;
  }
}

async function noteActivity(runtime: Runtime, observation: Observation, context: Context): Promise<void> {
  const { startedAt } = runtime.assignment ?? { startedAt: Infinity };
  const now = Math.floor(context.clock.now() / 1000);
  const lastActivityAt = activityToNote(observation, { now, startedAt, noted: runtime.lastActivityAt });
  if (lastActivityAt === undefined) return;
  await context.kube.patch(Pod, runtime, [
    ...stillLives(runtime),
    ...addEach("annotations", { [annotation.lastActivityAt]: String(lastActivityAt) }),
  ]);
}
