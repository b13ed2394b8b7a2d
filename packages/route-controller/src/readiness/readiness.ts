import type { Clock } from "@datalayer/shared/clock/clock";
import type { Controller, Scope } from "@datalayer/shared/controller/controller";
import { WorkQueue } from "@datalayer/shared/controller/queue";
import { TokenBucket } from "@datalayer/shared/controller/token-bucket";
import { runWorkers, type Verdict as Outcome } from "@datalayer/shared/controller/workers";
import type { Gateway, HttpRoute } from "@datalayer/shared/crds/gateway-api";
import type { RouteClass } from "@datalayer/shared/crds/route-class";
import { EndpointSlice } from "@datalayer/shared/kube/kinds";
import type { ObjectRef } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { DataPlane, type ReplicaView } from "./data-plane.ts";
import { gatewayReplicas, judgeHttpRoutes } from "./gateway-plane.ts";
import { judgeBehaviour, judgeLeaving, judgeRoute, judgeWaiting } from "./judge.ts";
import type { IsLeftover } from "./leftovers.ts";
import { probe } from "./probe.ts";
import { judge } from "./probe-answer.ts";
import { type Replica, replicasOf, serviceOf } from "./replicas.ts";
import { isSampled, type Subject } from "./subject.ts";
import { type Leaving, Subjects, type Watched } from "./subjects.ts";
import { type Finding, isSameVerdict, type Verdict } from "./verdict.ts";

/** What readiness is observed with. */
export interface ReadinessOptions {
  routeClasses: ObjectReader<RouteClass>;
  /** Of classes that have a Gateway in place of a Traefik. */
  gateways: ObjectReader<Gateway>;
  httpRoutes: ObjectReader<HttpRoute>;
  isLeftover: IsLeftover;
  clock: Clock;
  /** Of the Routes of one group, the share that is tried, in percent. */
  samplePercent: number;
  /** Called when there is something new to say of a Route. */
  onChange: (route: ObjectRef) => void;
}

/** While a Route is waited for, the replicas are asked as often as that costs them little; else now and then. */
const intervalMs = { shortest: 250, longest: 5_000, idle: 15_000 };
/** Of its time, the share that a replica may be kept busy with telling what it serves. */
const busyShare = 0.1;
const tries = { workers: 8, burst: 20, perSecond: 50 };
const tryAgainMs = { first: 500, longest: 30_000 };

/**
 * Observes the data plane: asks every replica of every class in use which routers it has, and tries every Route that
 * all of them serve with a request. What it has seen of a Route is kept while the Route exists.
 */
export class Readiness implements Controller {
  readonly name = "readiness";
  readonly #options: ReadinessOptions;
  readonly #subjects = new Subjects();
  readonly #dataPlanes = new Map<string, DataPlane>();
  readonly #bucket: TokenBucket;
  #classes: WorkQueue | undefined;
  #tries: WorkQueue | undefined;

  constructor(options: ReadinessOptions) {
    this.#options = options;
    this.#bucket = new TokenBucket(tries, options.clock);
  }

  /** Looks at a Route from now on, and says what was last seen; undefined when that is nothing yet. */
  observe(subject: Subject): Verdict | undefined {
    const { watched, isNew } = this.#subjects.watch(subject, this.#options.clock.monotonicMs());
    if (subject.waitsFor) return judgeWaiting(subject.waitsFor);
    if (isNew || !this.#dataPlanes.has(subject.className))
      this.#classes?.add(subject.className, { afterMs: intervalMs.shortest });
    return watched.verdict;
  }

  /** Looks at a Route no longer, but for what still serves it: it is gone, or nothing is made of it. */
  forget(uid: string): void {
    const subject = this.#subjects.forget(uid, this.#options.clock.monotonicMs());
    if (subject) this.#classes?.add(subject.className, { afterMs: intervalMs.shortest });
  }

  /** What still serves a Route of which nothing is made any more; undefined when nothing does. */
  leaving(uid: string): Verdict | undefined {
    const { subject } = this.#subjects.leaving(uid) ?? {};
    return subject && judgeLeaving(subject, this.#viewsOf(subject));
  }

  enqueue(): void {
    // It has no objects of its own.
  }

  async run(scope: Scope): Promise<void> {
    const { clock, random, stop, metrics } = scope;
    const classes = new WorkQueue({ name: this.name, clock, random, observer: metrics?.queue(this.name) });
    const routes = new WorkQueue({ name: "probe", clock, random, observer: metrics?.queue("probe") });
    this.#classes = classes;
    this.#tries = routes;
    try {
      await Promise.all([
        runWorkers({
          name: this.name,
          queue: classes,
          count: 2,
          stop,
          metrics,
          process: (name) => this.#look(name, scope),
        }),
        runWorkers({
          name: "probe",
          queue: routes,
          count: tries.workers,
          stop,
          metrics,
          process: (uid) => this.#try(uid, scope),
        }),
      ]);
    } finally {
      this.#classes = undefined;
      this.#tries = undefined;
      this.#subjects.clear();
      this.#dataPlanes.clear();
    }
  }

  /** Asks the replicas of a class, and says what has changed. */
  async #look(className: string, { kube, stop, log }: Scope): Promise<Outcome> {
    const watched = this.#subjects.ofClass(className);
    const routeClass = this.#options.routeClasses.get({ name: className });
    const leaving = this.#subjects.leavingOf(className);
    if (!routeClass || watched.length + leaving.length === 0) {
      for (const { subject } of leaving) this.#subjects.left(subject.uid);
      this.#dataPlanes.delete(className);
      return { result: "success" };
    }
    const { clock } = this.#options;
    const startMs = clock.monotonicMs();
    const dataPlane = this.#dataPlaneOf(className);
    try {
      await this.#read(dataPlane, routeClass, { kube, stop });
    } catch (error) {
      if (stop.aborted) return { result: "success" };
      log.warn("the replicas of the data plane could not be listed", { class: className, error });
      return { result: "error" };
    }
    for (const one of watched) this.#judge(one);
    for (const one of leaving) this.#judgeLeaving(one);
    return { result: "requeue_after", afterMs: this.#pause(className, clock.monotonicMs() - startMs) };
  }

  async #read(
    dataPlane: DataPlane,
    routeClass: RouteClass,
    { kube, stop }: Pick<Scope, "kube" | "stop">,
  ): Promise<void> {
    const { gateway } = routeClass.spec;
    if (gateway) {
      dataPlane.keep(gatewayReplicas(this.#options.gateways.get(gateway)));
      return;
    }
    if (dataPlane.isStale) dataPlane.keep(replicasOf(routeClass, await slicesOf(routeClass, kube)));
    await dataPlane.read(stop);
  }

  #dataPlaneOf(className: string): DataPlane {
    const dataPlane = this.#dataPlanes.get(className) ?? new DataPlane(this.#options);
    this.#dataPlanes.set(className, dataPlane);
    return dataPlane;
  }

  /** Until the class is looked at again; a Route that is waited for in vain is not waited for as eagerly. */
  #pause(className: string, tookMs: number): number {
    const { shortest, longest, idle } = intervalMs;
    const missing = this.#subjects
      .ofClass(className)
      .filter(({ verdict }) => verdict?.programmed.status !== "True");
    const open = [...missing, ...this.#subjects.leavingOf(className)];
    if (open.length === 0) return idle;
    const newestMs = this.#options.clock.monotonicMs() - Math.max(...open.map(({ sinceMs }) => sinceMs));
    return Math.min(longest, Math.max(shortest, tookMs / busyShare, newestMs / 10));
  }

  /** A Route that every replica serves is tried before anything is said: there is one thing to say and not two. */
  #judge(watched: Watched): void {
    const { subject } = watched;
    if (this.#subjects.get(subject.uid) !== watched) return;
    const judged = this.#programmed(watched);
    if (!judged) return;
    const behaves = this.#behaviourOf(watched);
    const isToTry = judged.programmed.status === "True" && !behaves;
    if (isToTry) this.#tries?.add(subject.uid);
    else this.#say(watched, { ...judged, ...(behaves && { behaves }) });
  }

  #judgeLeaving(leaving: Leaving): void {
    const { subject, said } = leaving;
    const judged = judgeLeaving(subject, this.#viewsOf(subject));
    if (!judged) this.#subjects.left(subject.uid);
    else if (isSameVerdict(said, judged)) return;
    else leaving.said = judged;
    this.#options.onChange({ namespace: subject.namespace, name: subject.name });
  }

  #programmed(known: Watched): Omit<Verdict, "behaves"> | undefined {
    const { subject } = known;
    const { routeClasses, httpRoutes, clock } = this.#options;
    const views = this.#viewsOf(subject);
    if (!routeClasses.get({ name: subject.className })?.spec.gateway)
      return judgeRoute(known, views, clock.monotonicMs());
    const { namespace } = subject;
    const found = subject.httpRoutes.map((name) => httpRoutes.get({ namespace, name }));
    return judgeHttpRoutes(found, views.length);
  }

  #viewsOf({ className }: Subject): readonly ReplicaView[] {
    return this.#dataPlanes.get(className)?.views ?? [];
  }

  /** By its own requests, or those to others of its group when it is not in the sample. */
  #behaviourOf(watched: Watched): Finding | undefined {
    const { subject } = watched;
    const own = judgeBehaviour(watched, this.#viewsOf(subject));
    if (own || subject.group === undefined || isSampled(subject.uid, this.#options.samplePercent)) return own;
    return this.#subjects.ofGroup(subject);
  }

  #say(watched: Watched, verdict: Verdict): void {
    if (isSameVerdict(watched.verdict, verdict)) return;
    watched.verdict = verdict;
    const { namespace, name } = watched.subject;
    this.#options.onChange({ namespace, name });
  }

  /** Sends a request through every replica that was not tried, or did not do well. */
  async #try(uid: string, { stop }: Scope): Promise<Outcome> {
    const watched = this.#subjects.get(uid);
    if (!watched || watched.subject.waitsFor) return { result: "success" };
    const { subject } = watched;
    const views = this.#viewsOf(subject);
    if (!this.#behaviourOf(watched) || watched.failures > 0)
      await Promise.all(views.map(({ replica }) => this.#tryThrough(watched, replica, stop)));
    if (stop.aborted) return { result: "success" };
    const own = judgeBehaviour(watched, views);
    if (own) this.#subjects.noteGroup(subject, own);
    this.#judge(watched);
    if (this.#behaviourOf(watched)?.status === "True") return { result: "success" };
    watched.failures++;
    return { result: "requeue_after", afterMs: this.#tryAgainAfterMs(watched) };
  }

  #tryAgainAfterMs({ failures }: Watched): number {
    return Math.min(tryAgainMs.longest, tryAgainMs.first * 2 ** (failures - 1));
  }

  async #tryThrough({ subject, probes }: Watched, replica: Replica, stop: AbortSignal): Promise<void> {
    const { probe: plan } = subject;
    if ("impossible" in plan || probes.get(replica.name)?.status === "True") return;
    while (!this.#bucket.take()) await this.#options.clock.sleep(this.#bucket.waitMs(), stop);
    const origin = plan.request.scheme === "https" ? replica.https : replica.http;
    const answer =
      origin === undefined
        ? ({ kind: "failed", message: `it has no port for ${plan.request.scheme}` } as const)
        : await probe(origin, plan.request, stop);
    probes.set(replica.name, judge(answer, plan.refusedBy));
  }
}

async function slicesOf(routeClass: RouteClass, kube: Scope["kube"]): Promise<EndpointSlice[]> {
  const service = serviceOf(routeClass);
  if (!service) return [];
  const { items } = await kube.list(EndpointSlice, {
    namespace: service.namespace,
    labelSelector: `kubernetes.io/service-name=${service.name}`,
  });
  return items;
}
