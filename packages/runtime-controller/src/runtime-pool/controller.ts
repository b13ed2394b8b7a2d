import type { Clock } from "@datalayer/shared/clock/clock";
import {
  type Context,
  controller,
  type Controller,
  type Report,
} from "@datalayer/shared/controller/controller";
import type { Image } from "@datalayer/shared/crds/image";
import type { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import type { Node, Pod } from "@datalayer/shared/kube/kinds";
import { keyOf } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { annotation } from "../runtime/names.ts";
import type { Runtimes } from "../runtime/runtimes.ts";
import { environmentsNaming } from "../runtime-environment/image.ts";
import { poolsUsing } from "../runtime-environment/pools-using.ts";
import { carryOut, ensureTokenSecret, type Hands } from "./carry-out.ts";
import type { PoolObservation } from "./observation.ts";
import { isWarm, planPool } from "./plan.ts";
import { RefillBackoff } from "./refill-backoff.ts";
import { reportPool } from "./report.ts";
import { StatusPace } from "./status-pace.ts";
import { gatherTemplate, type TemplateSources } from "./template.ts";

/** What the pool controller reads and works with. */
export interface RuntimePoolOptions extends Omit<Hands, "kube" | "equipped">, TemplateSources {
  pools: ObjectReader<RuntimePool>;
  environments: ObjectReader<RuntimeEnvironment>;
  images: ObjectReader<Image>;
  nodes: ObjectReader<Node>;
  runtimes: Runtimes;
  /** Age at which a warm runtime is replaced, in milliseconds; Infinity never. */
  maxLifeMs: number;
  clock: Clock;
}

/** Keeps the size of every pool available. */
export function runtimePoolController(options: RuntimePoolOptions): Controller {
  const { pools, environments, images, nodes, pods } = options;
  const reconciler = new PoolReconciler(options);
  return controller({
    name: "runtime-pool",
    for: RuntimePool,
    informer: pools,
    watches: [
      { informer: pods, keys: poolOfPod },
      { informer: environments, keys: (environment) => poolsOf(environment, pools) },
      { informer: images, keys: (image) => poolsRunning(image, options) },
      { informer: nodes, keys: (node) => (isCordoned(node) ? poolsOn(node, options.runtimes) : []) },
    ],
    reconcile: (pool, context) => reconciler.reconcile(pool, context),
  });
}

/** Holds what is remembered of pools between two reconciles; all of it may be lost. */
class PoolReconciler {
  readonly #options: RuntimePoolOptions;
  readonly #backoff: RefillBackoff;
  readonly #pace: StatusPace;
  readonly #equipped = new Set<string>();

  constructor(options: RuntimePoolOptions) {
    this.#options = options;
    this.#backoff = new RefillBackoff(options.clock);
    this.#pace = new StatusPace(options.clock);
    options.pools.onChange(({ type, object }) => {
      if (type !== "deleted") return;
      this.#backoff.forget(object.metadata.uid);
      this.#pace.forget(object.metadata.uid);
    });
    options.pods.onChange(({ type, object }) => {
      if (type === "deleted") this.#equipped.delete(object.metadata.uid);
    });
  }

  async reconcile(pool: RuntimePool, { kube, clock }: Context): Promise<Report<RuntimePool>> {
    const hands = { ...this.#options, kube, equipped: this.#equipped };
    const observed = this.#gather(pool);
    const plan = planPool(observed, clock.now());
    const starting = observed.runtimes.filter((runtime) => isWarm(runtime) && runtime.state === "pending");
    await Promise.all(starting.map((runtime) => ensureTokenSecret(runtime, hands)));
    const carriedOut = await carryOut(plan, observed, hands);
    this.#backoff.learn(pool.metadata.uid, observed.template?.revision ?? "", {
      ...carriedOut,
      hasEnded: plan.remove.some(({ reason }) => reason === "Failed"),
      promoted: plan.promote.length,
    });
    return this.#pace.ration(pool, reportPool(this.#gather(pool)));
  }

  #gather(pool: RuntimePool): PoolObservation {
    const { nodes, runtimes, maxLifeMs } = this.#options;
    const found = gatherTemplate(pool, this.#options);
    const { uid } = pool.metadata;
    const revision = found.template?.revision ?? "";
    return {
      pool,
      ...found,
      runtimes: runtimes.ofPool(pool.metadata),
      cordonedNodes: new Set(
        nodes
          .list()
          .filter(isCordoned)
          .map(({ metadata }) => metadata.name),
      ),
      maxLifeMs,
      backoffMs: this.#backoff.remainingMs(uid, revision),
      refusal: this.#backoff.refusal(uid, revision),
    };
  }
}

function poolOfPod({ metadata }: Pod): string[] {
  const pool = metadata.annotations?.[annotation.pool];
  return pool === undefined ? [] : [keyOf({ namespace: metadata.namespace, name: pool })];
}

function poolsOf({ metadata }: RuntimeEnvironment, pools: ObjectReader<RuntimePool>): string[] {
  return poolsUsing(metadata, pools).map((pool) => keyOf(pool.metadata));
}

function poolsRunning(image: Image, { environments, pools, imageSources }: RuntimePoolOptions): string[] {
  return environmentsNaming(image, environments, imageSources).flatMap((one) => poolsOf(one, pools));
}

function poolsOn({ metadata }: Node, runtimes: Runtimes): string[] {
  const there = runtimes.all().filter(({ pod }) => pod.spec?.nodeName === metadata.name);
  return there.map(({ namespace, pool }) => keyOf({ namespace, name: pool }));
}

function isCordoned({ spec }: Node): boolean {
  return spec?.unschedulable === true;
}
