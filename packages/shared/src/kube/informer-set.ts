import type { WaitOptions } from "./arrivals.ts";
import { Informer, type InformerOptions } from "./informer.ts";
import type { KubeObject, ObjectRef } from "./object.ts";
import type { ChangeHandler, ObjectReader } from "./object-reader.ts";

/** What to cache, and where. */
export interface InformerSetOptions<T extends KubeObject> extends Omit<InformerOptions<T>, "namespace"> {
  /** The namespaces to watch, one watch each; `*` is one watch over all. */
  namespaces: readonly string[];
}

const ALL = "*";

/** A cache of the objects of one kind in several namespaces. */
export class InformerSet<T extends KubeObject> implements ObjectReader<T> {
  /** By namespace; the cluster-wide one alone under `*`. */
  readonly #informers = new Map<string, Informer<T>>();

  /** @throws RangeError when there is no namespace. */
  constructor({ namespaces, ...options }: InformerSetOptions<T>) {
    if (namespaces.length === 0) throw new RangeError(`no namespace to watch for ${options.kind.kind}`);
    if (namespaces.includes(ALL)) this.#informers.set(ALL, new Informer(options));
    else
      for (const namespace of namespaces)
        this.#informers.set(namespace, new Informer({ ...options, namespace }));
  }

  /** Starts every watch; only the signal ends them. */
  start(signal: AbortSignal): void {
    for (const informer of this.#all) informer.start(signal);
  }

  /** In every namespace; see `Informer`. */
  get isServed(): boolean {
    return this.#all.every((informer) => informer.isServed);
  }

  /** See `Informer`. */
  onServed(handler: () => void): void {
    for (const informer of this.#all) informer.onServed(handler);
  }

  get hasSynced(): boolean {
    return this.#all.every((informer) => informer.hasSynced);
  }

  /** Of the watch that has been silent for longest. */
  get lastEventAgeMs(): number {
    return Math.max(...this.#all.map((informer) => informer.lastEventAgeMs));
  }

  get relists(): number {
    return this.#all.reduce((sum, informer) => sum + informer.relists, 0);
  }

  async synced(signal?: AbortSignal): Promise<void> {
    await Promise.all(this.#all.map((informer) => informer.synced(signal)));
  }

  get(ref: ObjectRef): T | undefined {
    return this.#of(ref.namespace)?.get(ref);
  }

  list(namespace?: string): T[] {
    if (namespace) return this.#of(namespace)?.list(namespace) ?? [];
    return this.#all.flatMap((informer) => informer.list());
  }

  byIndex(index: string, value: string): T[] {
    return this.#all.flatMap((informer) => informer.byIndex(index, value));
  }

  onChange(handler: ChangeHandler<T>): () => void {
    const ends = this.#all.map((informer) => informer.onChange(handler));
    return () => ends.forEach((end) => end());
  }

  /** With `namespace`, waits for the watch of that namespace only: the others may be quiet. */
  async waitFor(resourceVersion: string, options: WaitOptions & { namespace?: string }): Promise<boolean> {
    const informer = this.#of(options.namespace);
    const informers = informer ? [informer] : this.#all;
    const arrivals = await Promise.all(informers.map((each) => each.waitFor(resourceVersion, options)));
    return arrivals.every(Boolean);
  }

  recordWrite(object: T): void {
    this.#of(object.metadata.namespace)?.recordWrite(object);
  }

  recordDelete(ref: ObjectRef, uid: string): void {
    this.#of(ref.namespace)?.recordDelete(ref, uid);
  }

  get #all(): Informer<T>[] {
    return [...this.#informers.values()];
  }

  #of(namespace: string | undefined): Informer<T> | undefined {
    return this.#informers.get(ALL) ?? this.#informers.get(namespace ?? "");
  }
}
