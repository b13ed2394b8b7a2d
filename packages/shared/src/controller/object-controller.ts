import { keyOf, type KubeObject, type ObjectRef } from "../kube/object.ts";
import type { Change } from "../kube/object-cache.ts";
import type { Controller, ControllerDefinition, Scope, Watch } from "./controller.ts";
import { WorkQueue, type Priority } from "./queue.ts";
import { OwnWrites } from "./own-writes.ts";
import { Reconciler } from "./reconciler.ts";
import { runWorkers } from "./workers.ts";

const DEFAULT_WORKERS = 4;

/** Turns changes of objects into keys, and works these off while this process leads. */
export class ObjectController<T extends KubeObject, Watched extends KubeObject[]> implements Controller {
  readonly name: string;
  readonly #definition: ControllerDefinition<T, Watched>;
  #queue: WorkQueue | undefined;

  constructor(definition: ControllerDefinition<T, Watched>) {
    this.name = definition.name;
    this.#definition = definition;
  }

  enqueue(ref: ObjectRef, options: { priority?: Priority } = {}): void {
    this.#queue?.add(keyOf(ref), options);
  }

  async run(scope: Scope): Promise<void> {
    const { clock, random, metrics, stop } = scope;
    const { name, workers: count = DEFAULT_WORKERS, selects } = this.#definition;
    const queue = new WorkQueue({ name, clock, random, observer: metrics?.queue(name) });
    const ownWrites = new OwnWrites<T>((change) => {
      // Several controllers share the informer of Pods, and each cares for few of them.
      if (selects?.(change.object) === false) return;
      queue.add(keyOf(change.object.metadata), { priority: priorityOf(change) });
    });
    const failuresOf = (key: string): number => queue.failures(key);
    const reconciler = new Reconciler(this.#definition, scope, { failuresOf, ownWrites });
    this.#queue = queue;
    const unsubscribe = [
      this.#definition.informer.onChange((change) => ownWrites.heed(change)),
      ...this.#watchOthers(queue),
    ];
    try {
      await runWorkers({ name, queue, count, stop, metrics, process: (key) => reconciler.process(key) });
    } finally {
      this.#queue = undefined;
      for (const end of unsubscribe) end();
    }
  }

  #watchOthers(queue: WorkQueue): (() => void)[] {
    const watches = (this.#definition.watches ?? []) as Watch<KubeObject>[];
    return watches.map((watch) =>
      watch.informer.onChange((change) => {
        for (const key of keysOf(watch, change)) queue.add(key);
      }),
    );
  }
}

/** Of the old state as well: an object that moves from one owner to another concerns both. */
function keysOf<T extends KubeObject>(watch: Watch<T>, { object, previous }: Change<T>): Iterable<string> {
  return previous ? new Set([...watch.keys(previous), ...watch.keys(object)]) : watch.keys(object);
}

/** Somebody waits for what was created, edited or deleted just now; all else may follow. */
function priorityOf({ type, object, previous, initial }: Change<KubeObject>): Priority {
  if (initial || type === "deleted") return "normal";
  const isEdit =
    previous?.metadata.generation !== object.metadata.generation ||
    previous?.metadata.deletionTimestamp !== object.metadata.deletionTimestamp;
  return isEdit ? "user" : "normal";
}
