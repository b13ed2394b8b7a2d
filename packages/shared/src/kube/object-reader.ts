import type { WaitOptions } from "./arrivals.ts";
import type { KubeObject, ObjectRef } from "./object.ts";
import type { Change } from "./object-cache.ts";

/** Sees one change; throwing is caught, logged and counted. */
export type ChangeHandler<T extends KubeObject> = (change: Change<T>) => void;

/**
 * A cache of the objects of one kind. What it returns is shared: never modify it. Reads include our own
 * recorded writes at once; changes are reported only when the watch delivers them.
 */
export interface ObjectReader<T extends KubeObject> {
  /** True once a complete list has arrived. */
  readonly hasSynced: boolean;
  /** Time since the server last said anything (event, bookmark or list), or since the start. */
  readonly lastEventAgeMs: number;
  /** Lists after the first one. */
  readonly relists: number;
  /** Resolves when {@link ObjectReader.hasSynced}; rejects with the signal's reason when it is aborted first. */
  synced(signal?: AbortSignal): Promise<void>;
  get(ref: ObjectRef): T | undefined;
  /** The objects of one namespace, or all. */
  list(namespace?: string): T[];
  /** @throws RangeError when there is no index of that name. */
  byIndex(index: string, value: string): T[];
  /**
   * Calls the handler for every object there is, then for every change, in watch order; it must be quick and
   * synchronous, such as adding a key to a queue. Answers with a function that ends it.
   */
  onChange(handler: ChangeHandler<T>): () => void;
  /**
   * Waits until the watch has reached a resourceVersion; false on time-out. Use it for objects that match the
   * selection: for others only the next bookmark, up to a minute later, tells.
   */
  waitFor(resourceVersion: string, options: WaitOptions & { namespace?: string }): Promise<boolean>;
  /** Makes a write of ours visible to readers until the watch has delivered it. */
  recordWrite(object: T): void;
  /** Hides an object that we deleted until the watch has delivered that. */
  recordDelete(ref: ObjectRef, uid: string): void;
}
