import type { Clock } from "../clock/clock.ts";
import type { Kind, KubeObject, ObjectRef } from "../kube/object.ts";
import type { ObjectReader } from "../kube/object-reader.ts";
import type { RestClient } from "../kube/rest.ts";
import type { Logger } from "../log/logger.ts";
import type { ReportedCondition } from "./conditions.ts";
import type { EventNote, EventSink } from "./events.ts";
import type { ControllerMetrics } from "./metrics.ts";
import { ObjectController } from "./object-controller.ts";
import type { Outcome } from "./outcome.ts";
import type { Priority } from "./queue.ts";

/** What a reconcile may use. */
export interface Context {
  /** Writes; every call fails at once when the term or the deadline of this reconcile is over. */
  kube: RestClient;
  /** Aborts when the term or the deadline is over: pass it to everything that waits. */
  signal: AbortSignal;
  clock: Clock;
  /** Names controller and object in every line. */
  log: Logger;
  /** Records an Event about the object being reconciled. */
  event: (note: EventNote) => void;
  /** Attempts of this object that have failed in a row. */
  failures: number;
  /** Grows with every leader: for effects outside the API server. */
  epoch: number;
}

/** The kind's own fields of its status; the loop adds conditions and generation. */
export type StatusFields<T> = T extends { status?: infer Status }
  ? Omit<NonNullable<Status>, "conditions" | "observedGeneration">
  : never;

/** What a reconcile reports. */
export interface Report<T extends KubeObject> {
  /** All own fields of the status: one left out is removed. Unchanged when absent. */
  status?: StatusFields<T>;
  /** Beside the summary of the outcome; a condition not named keeps its value, `Ready` named here wins. */
  conditions?: readonly ReportedCondition[];
  outcome: Outcome;
}

/** Another kind whose changes concern the controller's objects. */
export interface Watch<T extends KubeObject> {
  informer: ObjectReader<T>;
  /** The keys (`namespace/name`) of the objects to reconcile when this one changes: asked of its old and new state. */
  keys: (object: T) => readonly string[];
}

/** A controller of one kind of object. */
export interface ControllerDefinition<T extends KubeObject, Watched extends KubeObject[]> {
  /** Log field and metric label; the kind, and its concern where there are several: `runtime-pool`. */
  name: string;
  for: Kind<T>;
  informer: ObjectReader<T>;
  /**
   * Which of the informer's objects are this controller's; all by default. The others are left alone. Asked when an
   * object changes and again before it is reconciled: what it depends on besides the object must enqueue it.
   */
  selects?: (object: T) => boolean;
  watches?: { [Index in keyof Watched]: Watch<Watched[Index]> };
  /** Objects reconciled at once; 4 by default. Each object is always reconciled by one worker. */
  workers?: number;
  /** A reconcile is aborted after this time; 60 s by default. */
  deadlineMs?: number;
  /** `false` for kinds whose status belongs to others, such as Pod: nothing is reported there. Default `true`. */
  reportsStatus?: boolean;
  /** Added before the first reconcile; keeps a deleted object until `cleanup` has settled. */
  finalizer?: string;
  /** Undoes what the object caused outside the API server. The finalizer is removed once this is settled. */
  cleanup?: (object: T, context: Context) => Promise<Outcome>;
  /**
   * Whether `reconcile` is also called for an object that is being deleted, while the finalizers of others keep it:
   * of a kind whose effects may not last that long. Not together with a `finalizer`. Default `false`.
   */
  reconcilesDeleting?: boolean;
  /**
   * Brings the world in line with the object, from what is there, whatever has changed. Not called for an object
   * that is being deleted, unless `reconcilesDeleting`. Throwing means "transient": it is called again after a
   * back-off.
   */
  reconcile: (object: T, context: Context) => Promise<Report<T>>;
}

/** What a controller runs with: made anew for each term. */
export interface Scope {
  /** Bound to the term. */
  kube: RestClient;
  epoch: number;
  /** Ends the taking of work; what is in progress may finish. */
  stop: AbortSignal;
  /** Ends the work in progress as well: the term is lost, or time to finish is over. */
  abort: AbortSignal;
  events: EventSink;
  clock: Clock;
  log: Logger;
  metrics?: ControllerMetrics;
  /** Uniform in [0, 1); `Math.random` by default. */
  random?: () => number;
}

/** Something that works while this process leads. */
export interface Controller {
  readonly name: string;
  /**
   * Asks for a reconcile of an object: for what is learnt otherwise than by a watch. Ignored while another
   * replica leads, which reconciles everything when it begins.
   */
  enqueue(ref: ObjectRef, options?: { priority?: Priority }): void;
  /** Works until `stop`; resolves when no work is in progress. Runs once at a time. */
  run(scope: Scope): Promise<void>;
}

/** Declares a controller. Its informers are started by whoever runs it. */
export function controller<T extends KubeObject, Watched extends KubeObject[] = []>(
  definition: ControllerDefinition<T, Watched>,
): Controller {
  return new ObjectController(definition);
}
