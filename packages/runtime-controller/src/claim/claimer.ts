import { createHash, randomUUID } from "node:crypto";
import type { Clock } from "@datalayer/shared/clock/clock";
import type { RuntimeEnvironment } from "@datalayer/shared/crds/runtime-environment";
import type { RuntimePool } from "@datalayer/shared/crds/runtime-pool";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { keyOf } from "@datalayer/shared/kube/object";
import type { Pod } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RestClient } from "@datalayer/shared/kube/rest";
import type { ClaimQueue } from "../claim-queue/claim-queue.ts";
import type { ColdStarter } from "../cold-start/cold-starter.ts";
import type { Quota, Seat } from "../quota/quota.ts";
import { type Assignment, parseRuntime, type Runtime } from "../runtime/runtime.ts";
import type { Abandoner } from "./abandoner.ts";
import type { BodySeals } from "./body-seals.ts";
import { type Attempt, attemptClaim, UndecidedAttempt } from "./attempt.ts";
import { CandidateSearch } from "./candidate-search.ts";
import type { Candidates } from "./candidates.ts";
import { assignmentOf } from "./assignment.ts";
import { ClaimError, keyEnded } from "./claim-error.ts";
import type { ClaimHistory } from "./claim-history.ts";
import type { ClaimMetrics } from "./claim-metrics.ts";
import type { ClaimOrder } from "./claim-order.ts";
import type { ClaimRequest } from "./claim-request.ts";
import { ClaimsInFlight } from "./claims-in-flight.ts";
import type { RightOfWay } from "./right-of-way.ts";
import { poolsFor } from "./pool-choice.ts";

/** What claims are made with. */
export interface ClaimerOptions {
  client: RestClient;
  pods: ObjectReader<Pod>;
  pools: ObjectReader<RuntimePool>;
  environments: ObjectReader<RuntimeEnvironment>;
  candidates: Candidates;
  order: ClaimOrder;
  history: ClaimHistory;
  abandoner: Abandoner;
  rightOfWay: RightOfWay;
  quota: Quota;
  queue: ClaimQueue;
  coldStarter: Pick<ColdStarter, "create">;
  clock: Clock;
  metrics: ClaimMetrics;
  seals: BodySeals;
  /** Time for a definite answer about one Pod. */
  decideWithinMs?: number;
  /** Time for the watch to show our own write; then the API server is asked. */
  watchWithinMs?: number;
}

/** A runtime that carries the claim's key, and whether this very claim made it ours. */
interface Assigned {
  runtime: Runtime;
  mine: boolean;
}

/** What a claim with an Idempotency-Key writes besides; a claim without one writes neither. */
interface Keyed {
  /** Hash of the key. */
  key?: string;
  bodySeal?: string;
}

/** What is known of a claim once its request is understood. */
interface Claim extends Keyed {
  request: ClaimRequest;
  /** The pools that may serve it. */
  eligible: readonly RuntimePool[];
  seat: Seat;
}

const maxCandidates = 5;

/**
 * Gives warm runtimes to users. Any replica may: the claim patch on the Pod is the only arbiter.
 *
 * Guarantees: a runtime is given to one claim only. A claim with an Idempotency-Key gets one runtime, the
 * same on every replica, however often it is sent: the first Pod of the key in the order of the watch.
 * Pods that lost are deleted by UID before the answer, and those that turn out to be beyond a quota.
 */
export class Claimer {
  readonly #options: Required<ClaimerOptions>;
  readonly #inFlight = new ClaimsInFlight<Runtime>();

  constructor(options: ClaimerOptions) {
    this.#options = { decideWithinMs: 5_000, watchWithinMs: 1_000, ...options };
  }

  /**
   * Assigns a runtime.
   * @throws ClaimError when there is none to give, or the request cannot be met.
   */
  async claim(request: ClaimRequest): Promise<Runtime> {
    const { metrics, clock } = this.#options;
    const startedMs = clock.monotonicMs();
    let result = "failed";
    try {
      const runtime = await this.#options.rightOfWay.claim(() => this.#serve(request));
      result = "assigned";
      return runtime;
    } catch (error) {
      if (error instanceof ClaimError) result = error.refusal;
      throw error;
    } finally {
      metrics.duration.observe({ result }, (clock.monotonicMs() - startedMs) / 1000);
    }
  }

  async #serve(request: ClaimRequest): Promise<Runtime> {
    const { idempotencyKey } = request;
    if (idempotencyKey === undefined) {
      const { runtime } = await this.#assign(request);
      await this.#confirm(runtime);
      return runtime;
    }
    const key = claimKeyOf(idempotencyKey);
    return this.#inFlight.run(key, request, (signal) => this.#claimOnce({ ...request, signal }, key));
  }

  async #claimOnce(request: ClaimRequest, key: string): Promise<Runtime> {
    const known = await this.#runtimeOf(key);
    if (known) return this.#withBody(known, request);
    const bodySeal = await this.#options.seals.seal(request.bodyHash);
    const { runtime, mine } = await this.#assign(request, { key, bodySeal });
    const first = await this.#firstOf(key, runtime);
    if (first.uid !== runtime.uid && mine) await this.#options.abandoner.abandon(runtime);
    else if (mine) await this.#confirm(runtime);
    return this.#withBody(first, request);
  }

  async #withBody(runtime: Runtime, { bodyHash }: ClaimRequest): Promise<Runtime> {
    const { bodySeal = "" } = runtime.assignment ?? {};
    if (await this.#options.seals.isSealOf(bodySeal, bodyHash)) return runtime;
    const where = keyOf(runtime);
    throw new ClaimError(
      "key-reused",
      `this Idempotency-Key was used with another body, for runtime ${where}`,
    );
  }

  /** Gives the runtime back when other replicas filled the quota before it; see {@link Quota}. */
  async #confirm(runtime: Runtime): Promise<void> {
    const { pods, quota, abandoner, watchWithinMs: timeoutMs } = this.#options;
    if (!quota.isLimited) return;
    const { namespace, resourceVersion } = runtime.pod.metadata;
    if (!(await pods.waitFor(resourceVersion, { timeoutMs, namespace }))) return;
    try {
      quota.confirm(runtime.pod);
    } catch (error) {
      await abandoner.abandon(runtime);
      throw error;
    }
  }

  /** The runtime that the key has by now, as far as this replica has seen. */
  async #runtimeOf(key: string): Promise<Runtime | undefined> {
    const { order } = this.#options;
    const isUnordered = order.first(key).kind === "unordered";
    const remembered = isUnordered ? await this.#remembered(key) : undefined;
    const first = order.first(key);
    switch (first.kind) {
      case "none":
        return undefined;
      case "ended":
        throw keyEnded();
      case "first":
        return parseRuntime(this.#latest(first.pod));
      case "unordered":
        return parsed(remembered);
    }
  }

  /** The Pod with our own writes: the order knows only what the watch has delivered. */
  #latest(pod: Pod): Pod {
    const latest = this.#options.pods.get(pod.metadata);
    return latest?.metadata.uid === pod.metadata.uid ? latest : pod;
  }

  /** Which runtime the key got, now that `claimed` carries it. */
  async #firstOf(key: string, claimed: Runtime): Promise<Runtime> {
    const { pods, watchWithinMs, order } = this.#options;
    const { namespace, resourceVersion } = claimed.pod.metadata;
    if (await pods.waitFor(resourceVersion, { timeoutMs: watchWithinMs, namespace })) {
      const first = order.first(key);
      if (first.kind === "ended") return this.#ended(claimed);
      const runtime = first.kind === "first" ? parseRuntime(this.#latest(first.pod)) : undefined;
      if (runtime) return runtime;
    }
    const remembered = parsed(await this.#remembered(key, resourceVersion));
    return order.first(key).kind === "ended" ? this.#ended(claimed) : (remembered ?? claimed);
  }

  /** As {@link ClaimHistory.first}; a guess at what is forgotten could be another runtime than the key got. */
  async #remembered(key: string, resourceVersion?: string): Promise<Pod | undefined> {
    try {
      return await this.#options.history.first(key, resourceVersion);
    } catch (cause) {
      if (!(cause instanceof ApiError && cause.isGone)) throw cause;
      const message =
        "several runtimes carry this Idempotency-Key, and which of them was first is not known any more";
      throw new ClaimError("unavailable", message, { cause, retryAfterMs: 60_000 });
    }
  }

  async #ended(claimed: Runtime): Promise<never> {
    await this.#options.abandoner.abandon(claimed);
    throw keyEnded();
  }

  async #assign(request: ClaimRequest, keyed: Keyed = {}): Promise<Assigned> {
    const { pools, quota, coldStarter } = this.#options;
    const eligible = poolsFor(request, pools.list());
    const namespace = eligible[0]?.metadata.namespace ?? "";
    const seat = quota.reserve({ userUid: request.userUid, namespace });
    try {
      const { coldStart } = request;
      const [pool] = eligible;
      if (coldStart && pool) return await coldStarter.create({ request, coldStart, pool, ...keyed });
      return await this.#take({ request, ...keyed, eligible, seat });
    } finally {
      seat.free();
    }
  }

  async #take(claim: Claim): Promise<Assigned> {
    const search = new CandidateSearch(this.#options, { ...claim, point: claim.key ?? randomUUID() });
    for (let tried = 0; tried < maxCandidates; tried++) {
      const candidate = await search.next();
      const assigned = this.#isUsed(claim)
        ? await this.#takenElsewhere(candidate, claim)
        : await this.#tryCandidate(candidate, claim);
      if (assigned) return assigned;
    }
    throw search.exhausted();
  }

  /** Whether another replica served the key while this one waited for a candidate. */
  #isUsed({ key }: Claim): boolean {
    return key !== undefined && this.#options.order.first(key).kind !== "none";
  }

  async #takenElsewhere(unneeded: Runtime, { key = "" }: Claim): Promise<Assigned | undefined> {
    this.#options.candidates.putBack(unneeded);
    const runtime = await this.#runtimeOf(key);
    return runtime && { runtime, mine: false };
  }

  async #tryCandidate(candidate: Runtime, claim: Claim): Promise<Assigned | undefined> {
    const { candidates, environments, metrics, clock } = this.#options;
    const { request, key, bodySeal, eligible } = claim;
    const environment = environments.get({ ...candidate, name: candidate.environment });
    const pool = eligible.find(({ metadata }) => metadata.name === candidate.pool);
    if (!pool) throw new Error(`runtime ${keyOf(candidate)} is of a pool that the claim may not take from`);
    const attempt = await this.#attempt(
      candidate,
      claim,
      assignmentOf(request, pool, { key, bodySeal, environment, nowMs: clock.now() }),
    );
    const runtime = attempt.pod && parseRuntime(attempt.pod);
    if (attempt.kind === "won" && runtime) return { runtime, mine: true };
    metrics.lostCandidates.inc();
    candidates.lost(candidate, attempt.pod);
    // Another replica serves the same claim and was quicker.
    if (key === undefined || runtime?.assignment?.claimKey !== key) return undefined;
    return { runtime, mine: false };
  }

  async #attempt(candidate: Runtime, { seat }: Claim, assignment: Assignment): Promise<Attempt> {
    const { client, clock, candidates, decideWithinMs, pods } = this.#options;
    try {
      const attempt = await attemptClaim(candidate, assignment, { client, clock, decideWithinMs });
      if (attempt.pod) pods.recordWrite(attempt.pod);
      // From here on the cache counts it.
      if (attempt.kind === "won") seat.free();
      return attempt;
    } catch (error) {
      if (error instanceof UndecidedAttempt) return this.#giveUp(candidate, assignment, error);
      candidates.putBack(candidate);
      throw error;
    }
  }

  /** Before the answer that there is no runtime, nothing may be left that could still become one. */
  async #giveUp(candidate: Runtime, assignment: Assignment, cause: Error): Promise<Attempt> {
    const { abandoner } = this.#options;
    if (assignment.claimKey === undefined) {
      await abandoner.abandon(candidate, assignment.claimId);
    } else {
      const pod = await abandoner.forestall(candidate, assignment.claimId);
      if (pod) return { kind: "won", pod };
    }
    throw new ClaimError("unavailable", cause.message, { cause, retryAfterMs: 1_000 });
  }
}

function parsed(pod: Pod | undefined): Runtime | undefined {
  return pod && parseRuntime(pod);
}

/** What stands for an Idempotency-Key on Pods: 40 hexadecimal digits fit a label, and no two keys share them. */
export function claimKeyOf(idempotencyKey: string): string {
  return createHash("sha256").update(idempotencyKey).digest("hex").slice(0, 40);
}
