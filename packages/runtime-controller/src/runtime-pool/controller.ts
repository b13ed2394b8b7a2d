import type { Clock } from "@datalayer/shared/clock/clock";
import {
  type Context,
  controller,
  type Controller,
  type Report,
} from "@datalayer/shared/controller/controller";
import type { Image } from "@datalayer/shared/crds/image";
import type { Route } from "@datalayer/shared/crds/route";
import type { RuntimeContent } from "@datalayer/shared/crds/runtime-content";
import type { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import type { ControllerRevision, Node, Pod } from "@datalayer/shared/kube/kinds";
import { keyOf, type ObjectRef } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { outlookOf } from "../node-drain/node-outlook.ts";
import { NodeOutlooks } from "../node-drain/node-outlooks.ts";
import { annotation } from "../runtime/names.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Runtimes } from "../runtime/runtimes.ts";
import { environmentsNaming } from "../runtime-environment/image.ts";
import { poolsUsing } from "../runtime-environment/pools-using.ts";
import type { RouteWaits, Unrouted } from "../runtime-route/route-waits.ts";
import { isNamedIn } from "../runtime-content/selection.ts";
import { type CarriedOut, carryOut, ensureTokenSecret, type Hands } from "./carry-out.ts";
import { keepLastGood } from "./keep-last-good.ts";
import { recordedRevisionOf, recordNameOf } from "./last-good-record.ts";
import type { LastGood, PoolObservation, PoolRoutes } from "./observation.ts";
import { failuresIn, isWarm, planPool, type PoolPlan } from "./plan.ts";
import { RefillBackoff } from "./refill-backoff.ts";
import { reportPool } from "./report.ts";
import { StatusPace } from "./status-pace.ts";
import { isProven } from "./trial.ts";
import { gatherTemplate, type TemplateSources } from "./template.ts";

/** What the pool controller reads and works with. */
export interface RuntimePoolOptions extends Omit<Hands, "kube" | "equipped">, TemplateSources {
  pools: ObjectReader<RuntimePool>;
  environments: ObjectReader<RuntimeEnvironment>;
  images: ObjectReader<Image>;
  contents: ObjectReader<RuntimeContent>;
  nodes: ObjectReader<Node>;
  /** The records of the last good revisions. */
  records: ObjectReader<ControllerRevision>;
  routes: ObjectReader<Route>;
  routeWaits: RouteWaits;
  runtimes: Runtimes;
  /** Age at which a warm runtime is replaced, in milliseconds; Infinity never. */
  maxLifeMs: number;
  clock: Clock;
}

/** Keeps the size of every pool available. */
export function runtimePoolController(options: RuntimePoolOptions): Controller {
  const { pools, environments, contents, images, nodes, pods, runtimes } = options;
  const reconciler = new PoolReconciler(options);
  const poolController = controller({
    name: "runtime-pool",
    for: RuntimePool,
    informer: pools,
    watches: [
      { informer: pods, keys: poolOfPod },
      { informer: options.records, keys: poolOfPod },
      { informer: options.routes, keys: poolOfPod },
      { informer: environments, keys: (environment) => poolsOf(environment, pools) },
      { informer: images, keys: (image) => poolsRunning(image, options) },
      { informer: contents, keys: (content) => poolsWith(content, options) },
      {
        informer: nodes,
        keys: (node) =>
          outlookOf(node).kind === "staying" ? [] : poolsOn(node, runtimes).map((pool) => keyOf(pool)),
      },
    ],
    reconcile: (pool, context) => reconciler.reconcile(pool, context),
  });
  nodes.onChange(({ type, object }) => {
    if (type === "deleted") for (const pool of poolsOn(object, runtimes)) poolController.enqueue(pool);
  });
  return poolController;
}

/** Holds what is remembered of pools between two reconciles; all of it may be lost. */
class PoolReconciler {
  readonly #options: RuntimePoolOptions;
  readonly #backoff: RefillBackoff;
  readonly #pace: StatusPace;
  readonly #outlooks: NodeOutlooks;
  readonly #equipped = new Set<string>();

  constructor(options: RuntimePoolOptions) {
    this.#options = options;
    this.#backoff = new RefillBackoff(options.clock);
    this.#pace = new StatusPace(options.clock);
    this.#outlooks = new NodeOutlooks(options.nodes);
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
    const { records } = this.#options;
    const record = records.get(this.#recordRef(pool));
    const hands = { ...this.#options, kube, record, equipped: this.#equipped };
    const observed = await this.#gather(pool);
    const plan = planPool(observed, clock.now());
    const isStarting = (runtime: Runtime): boolean => isWarm(runtime) && runtime.state === "pending";
    const leaving = new Set(plan.remove.map(({ runtime }) => runtime));
    const starting = observed.runtimes.filter((runtime) => isStarting(runtime) && !leaving.has(runtime));
    await Promise.all(starting.map((runtime) => ensureTokenSecret(runtime, hands)));
    this.#learn(observed, plan, await carryOut(plan, observed, hands));
    if (isProven(observed, plan.promote)) await keepLastGood(observed, { kube, records, record });
    return this.#pace.ration(pool, reportPool(await this.#gather(pool)));
  }

  #learn(observed: PoolObservation, plan: PoolPlan, carriedOut: CarriedOut): void {
    const { pool, template, lastGood } = observed;
    const { uid } = pool.metadata;
    const failed = failuresIn(plan, observed);
    const revisions = [template?.revision, lastGood?.revision];
    for (const revision of new Set(revisions)) {
      if (revision === undefined) continue;
      const isOf = (runtime: Runtime): boolean => runtime.revision === revision;
      this.#backoff.learn(uid, revision, {
        ...(revision === template?.revision ? carriedOut.current : carriedOut.lastGood),
        hasFailed: failed.some(isOf),
        promoted: plan.promote.filter(isOf).length,
      });
    }
    this.#backoff.retain(uid, revisions);
  }

  async #gather(pool: RuntimePool): Promise<PoolObservation> {
    const { runtimes, maxLifeMs, tokens, clock } = this.#options;
    const found = gatherTemplate(pool, this.#options);
    const all = runtimes.ofPool(pool.metadata);
    const nodesThatAre = (kind: "leaving" | "emptying" | "silent"): ReadonlySet<string> =>
      new Set(
        all
          .filter((runtime) => this.#outlooks.ofRuntime(runtime, clock.now()).kind === kind)
          .map(({ pod }) => pod.spec?.nodeName ?? ""),
      );
    return {
      pool,
      ...found,
      ...this.#troubleOf(pool, found.template?.revision ?? ""),
      lastGood: this.#lastGoodOf(pool),
      runtimes: all,
      leavingNodes: nodesThatAre("leaving"),
      emptyingNodes: nodesThatAre("emptying"),
      silentNodes: nodesThatAre("silent"),
      keyless: await tokens.without(all.filter(isWarm)),
      routes: this.#routesOf(all),
      maxLifeMs,
    };
  }

  #routesOf(all: readonly Runtime[]): PoolRoutes | undefined {
    const { routeWaits } = this.#options;
    const { limitMs: waitMs } = routeWaits;
    if (waitMs === undefined) return undefined;
    const unrouted = new Map<string, Unrouted>();
    for (const runtime of all) {
      const waiting = isWarm(runtime) && runtime.ready ? routeWaits.of(runtime) : undefined;
      if (waiting) unrouted.set(runtime.uid, waiting);
    }
    return { unrouted, waitMs };
  }

  #lastGoodOf(pool: RuntimePool): LastGood | undefined {
    const revision = recordedRevisionOf(this.#options.records.get(this.#recordRef(pool)), pool);
    return revision === undefined ? undefined : { revision, ...this.#troubleOf(pool, revision) };
  }

  #troubleOf({ metadata }: RuntimePool, revision: string): Pick<LastGood, "backoffMs" | "refusal"> {
    return {
      backoffMs: this.#backoff.remainingMs(metadata.uid, revision),
      refusal: this.#backoff.refusal(metadata.uid, revision),
    };
  }

  #recordRef(pool: RuntimePool): ObjectRef {
    return { namespace: pool.metadata.namespace, name: recordNameOf(pool) };
  }
}

function poolOfPod({ metadata }: Pod | ControllerRevision | Route): string[] {
  const pool = metadata.annotations?.[annotation.pool];
  return pool === undefined ? [] : [keyOf({ namespace: metadata.namespace, name: pool })];
}

function poolsOf({ metadata }: RuntimeEnvironment, pools: ObjectReader<RuntimePool>): string[] {
  return poolsUsing(metadata, pools).map((pool) => keyOf(pool.metadata));
}

function poolsRunning(image: Image, { environments, pools, imageSources }: RuntimePoolOptions): string[] {
  return environmentsNaming(image, environments, imageSources).flatMap((one) => poolsOf(one, pools));
}

function poolsWith(content: RuntimeContent, { environments, pools }: RuntimePoolOptions): string[] {
  const naming = environments
    .list(content.metadata.namespace)
    .filter(({ spec }) => isNamedIn(content, spec.contents));
  return naming.flatMap((environment) => poolsOf(environment, pools));
}

function poolsOn({ metadata }: Node, runtimes: Runtimes): ObjectRef[] {
  const there = runtimes.all().filter(({ pod }) => pod.spec?.nodeName === metadata.name);
  return there.map(({ namespace, pool }) => ({ namespace, name: pool }));
}
