import { ApiError, TransportError } from "../kube/api-error.ts";
import type { JsonPatchOperation } from "../kube/json-patch.ts";
import { keyOf, refOf, type KubeObject, type ObjectMeta } from "../kube/object.ts";
import type { Context, ControllerDefinition, Report, Scope } from "./controller.ts";
import { FAILURES_UNTIL_NOT_READY } from "./conditions.ts";
import { addFinalizer, hasFinalizer, isDeleting, removeFinalizer } from "./finalizer.ts";
import type { Outcome } from "./outcome.ts";
import type { OwnWrites } from "./own-writes.ts";
import {
  statusAfter,
  statusAfterError,
  statusPatch,
  transitionEvents,
  type CommonStatus,
  type WithStatus,
} from "./status.ts";
import { verdictOn, type Verdict } from "./workers.ts";
import { withDeadline } from "./deadline.ts";

const DEFAULT_DEADLINE_MS = 60_000;
/** How long one run waits for the watch to show our own last write, and how soon it asks again. */
const OWN_WRITE_WAIT_MS = 1_000;
const STALE_CACHE_RETRY_MS = 250;

type Definition<T extends KubeObject> = Omit<ControllerDefinition<T, never[]>, "watches">;

/** What a reconciler shares with its queue. */
export interface ReconcilerParts<T extends KubeObject> {
  failuresOf: (key: string) => number;
  ownWrites: OwnWrites<T>;
}

/**
 * One run for one key: fetch, finalizer, reconcile or cleanup, status, Events. Every failure ends here, as a
 * condition, a log line and a verdict.
 */
export class Reconciler<T extends KubeObject> {
  readonly #definition: Definition<T>;
  readonly #scope: Scope;
  readonly #failuresOf: (key: string) => number;
  readonly #ownWrites: OwnWrites<T>;

  constructor(definition: Definition<T>, scope: Scope, { failuresOf, ownWrites }: ReconcilerParts<T>) {
    this.#definition = definition;
    this.#scope = scope;
    this.#failuresOf = failuresOf;
    this.#ownWrites = ownWrites;
  }

  /** Never throws. */
  async process(key: string): Promise<Verdict> {
    if (!(await this.#cacheShowsOwnWrite(key))) {
      return { result: "requeue_after", afterMs: STALE_CACHE_RETRY_MS };
    }
    const object = this.#definition.informer.get(refOf(key));
    if (!object || this.#definition.selects?.(object) === false) return { result: "success" };
    const { deadlineMs = DEFAULT_DEADLINE_MS, name } = this.#definition;
    const { clock, abort, metrics } = this.#scope;
    return withDeadline({ clock, timeoutMs: deadlineMs, abort }, async (deadline) => {
      try {
        return await this.#run(object, this.#contextFor(key, object, deadline.signal));
      } catch (error) {
        if (deadline.isOver()) metrics?.mishap(name, "timeout");
        return this.#failed(key, object, error);
      }
    });
  }

  /** A decision from a state older than our own last write would be taken twice. */
  async #cacheShowsOwnWrite(key: string): Promise<boolean> {
    const written = this.#ownWrites.lastUnseen(key);
    if (written === undefined) return true;
    const { namespace } = refOf(key);
    const isShown = await this.#definition.informer.waitFor(written, {
      timeoutMs: OWN_WRITE_WAIT_MS,
      ...(namespace !== undefined && { namespace }),
    });
    if (isShown) this.#ownWrites.passed(key, written);
    return isShown;
  }

  async #run(object: T, context: Context): Promise<Verdict> {
    const { finalizer, reconcile, reconcilesDeleting = false } = this.#definition;
    if (isDeleting(object) && !reconcilesDeleting) return this.#runCleanup(object, context);
    const patch = finalizer && addFinalizer(object, finalizer);
    const guarded = patch ? await this.#patch(object, context, patch) : object;
    const report = await reconcile(guarded, context);
    await this.#report(guarded, report, context);
    return this.#verdictOn(report.outcome);
  }

  async #runCleanup(object: T, context: Context): Promise<Verdict> {
    const { finalizer, cleanup } = this.#definition;
    if (!finalizer || !hasFinalizer(object, finalizer)) return { result: "success" };
    const outcome = (await cleanup?.(object, context)) ?? { kind: "settled" };
    const removal = outcome.kind === "settled" && removeFinalizer(object, finalizer);
    if (removal) await this.#letGo(object, removal, context);
    else await this.#report(object, { outcome }, context);
    return this.#verdictOn(outcome);
  }

  /** Changes during a long cleanup bring one more run, and the watch may not have shown by then that it is over. */
  async #letGo(object: T, removal: JsonPatchOperation[], context: Context): Promise<void> {
    const { metadata } = await this.#patch(object, context, removal);
    if (isGoneWithout(metadata)) this.#definition.informer.recordDelete(metadata, metadata.uid);
  }

  #verdictOn(outcome: Outcome): Verdict {
    if (outcome.kind === "stalled") this.#scope.metrics?.mishap(this.#definition.name, "stalled");
    return verdictOn(outcome);
  }

  async #report(object: T, report: Report<T>, context: Context): Promise<void> {
    if (this.#definition.reportsStatus === false) return;
    await this.#writeStatus(object, statusAfter(object, report, context.clock.now()), context);
  }

  async #writeStatus(object: WithStatus & T, status: CommonStatus, context: Context): Promise<void> {
    const patch = statusPatch(object, status);
    if (!patch) return;
    await this.#patch(object, context, patch, "status");
    for (const note of transitionEvents(object.status, status)) context.event(note);
  }

  async #patch(
    object: T,
    { kube }: Context,
    operations: Parameters<typeof kube.patch>[2],
    subresource?: "status",
  ): Promise<T> {
    const { for: kind, informer } = this.#definition;
    const options = subresource ? { subresource } : {};
    const written = await this.#ownWrites.during(keyOf(object.metadata), () =>
      kube.patch(kind, object.metadata, operations, options),
    );
    informer.recordWrite(written);
    return written;
  }

  async #failed(key: string, object: T, error: unknown): Promise<Verdict> {
    if (this.#scope.abort.aborted) return { result: "error" };
    const failures = this.#failuresOf(key) + 1;
    if (isOvertaken(error, object) && failures < FAILURES_UNTIL_NOT_READY) return { result: "requeue" };
    const { name } = this.#definition;
    this.#scope.metrics?.mishap(name, "error");
    this.#scope.log.warn("reconcile failed", { controller: name, object: key, failures, error });
    const isReported = this.#definition.reportsStatus !== false && !isUncertainStatusWrite(error, object);
    if (isReported) await this.#reportFailure(key, object, { error, failures });
    return { result: "error" };
  }

  /** From the newest state there is, as the failed run may have written; when this fails too, the next run tells. */
  async #reportFailure(key: string, object: T, failure: { error: unknown; failures: number }): Promise<void> {
    const newest = this.#definition.informer.get(refOf(key));
    if (newest?.metadata.uid !== object.metadata.uid) return;
    const message = failure.error instanceof Error ? failure.error.message : String(failure.error);
    const context = this.#contextFor(key, newest, this.#scope.abort);
    const status = statusAfterError(newest, { message, failures: failure.failures }, context.clock.now());
    try {
      await this.#writeStatus(newest, status, context);
    } catch (error) {
      context.log.debug("the failure could not be reported", { error });
    }
  }

  #contextFor(key: string, object: T, signal: AbortSignal): Context {
    const { kube, clock, log, events, epoch } = this.#scope;
    return {
      kube: kube.bindTo(signal),
      signal,
      clock,
      log: log.child({ controller: this.#definition.name, object: key }),
      event: (note) => events.record(object, note),
      failures: this.#failuresOf(key),
      epoch,
    };
  }
}

/**
 * Whether the status itself could not be written, or may have been: a report of that would be one more write of
 * the same kind, over what is perhaps stored.
 */
function isUncertainStatusWrite(error: unknown, object: KubeObject): boolean {
  const isOfServer = (error instanceof ApiError && error.isRetryable) || error instanceof TransportError;
  return isOfServer && error.call.kind === `${object.kind}/status`;
}

/**
 * Whether the removal of a finalizer, answered with this, was the end of the object. The answer carries the
 * resourceVersion from before then, so only its end can show in the watch.
 */
function isGoneWithout({ finalizers, deletionGracePeriodSeconds = 0 }: ObjectMeta): boolean {
  return (finalizers ?? []).length === 0 && deletionGracePeriodSeconds === 0;
}

/**
 * Whether somebody changed or removed an object while it was being reconciled: the run was in vain, and the
 * change that overtook it brings the next one. A patch whose test failed (422) names no cause.
 */
function isOvertaken(error: unknown, object: KubeObject): boolean {
  if (!(error instanceof ApiError)) return false;
  if (error.isConflict) return true;
  const { kind, target } = error.call;
  const isAboutObject = kind.split("/")[0] === object.kind && target === keyOf(object.metadata);
  return isAboutObject && (error.isNotFound || error.isPatchRefused);
}
