import type { Clock } from "@datalayer/shared/clock/clock";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { ConfigMap } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RestClient } from "@datalayer/shared/kube/rest";
import type { SequencedUsage, UsageRecord } from "./usage-record.ts";
import {
  type Append,
  appendPatch,
  planAppend,
  planDrop,
  recordsOf,
  segmentManifest,
} from "./usage-segments.ts";

/** Where usage is kept. */
export interface UsageLedgerOptions {
  /** A cache of the ConfigMaps that hold usage. */
  configMaps: ObjectReader<ConfigMap>;
  namespace: string;
  /** Records to keep at least. */
  keptRecords: number;
  /** The place up to which records were delivered; Infinity when they are delivered to nobody. */
  delivered: () => number;
  clock: Clock;
}

/** A part of the records, oldest first. */
export interface UsagePage {
  records: SequencedUsage[];
  /** There are more after these. */
  more: boolean;
  /** The place up to which these are all. */
  last: number;
}

interface Waiting {
  record: UsageRecord;
  kube: RestClient;
  settle: { resolve: () => void; reject: (error: unknown) => void };
}

/** Runtimes that end together are recorded by one write; nobody waits for it but their Pods. */
const gatherMs = 1_000;
/** So many records are written without waiting for more, however short a time they took to come. */
export const enoughRecords = 8;
const mostAttempts = 5;

/**
 * The usage of all runtimes, in ConfigMaps. Every replica reads it; the leader adds to it.
 *
 * Guarantees: when {@link UsageLedger.append} resolves, the record is stored, and once only, whatever was lost
 * or repeated before. Each record has a place of its own and a write tests that it is free: a leader with old
 * caches, or one that was deposed, can neither overwrite nor double anything. Places have no gaps.
 */
export class UsageLedger {
  readonly #options: UsageLedgerOptions;
  readonly #parsed = new WeakMap<ConfigMap, SequencedUsage[]>();
  #waiting: Waiting[] = [];
  #writing = false;
  #enough = new AbortController();

  constructor(options: UsageLedgerOptions) {
    this.#options = options;
  }

  /** Stores the record, unless one with its id is there. @throws what the API server answered; then try again. */
  append(record: UsageRecord, kube: RestClient): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.#waiting.push({ record, kube, settle: { resolve: () => resolve(undefined), reject } });
    if (this.#waiting.length >= enoughRecords) this.#enough.abort();
    if (!this.#writing) void this.#writeAll();
    return promise;
  }

  /** The records after this place that fit, at most so many. */
  page(
    after: number,
    { limit, where = () => true }: { limit: number; where?: (record: UsageRecord) => boolean },
  ): UsagePage {
    const found: SequencedUsage[] = [];
    for (const segment of this.#segments()) {
      if ((segment.at(-1)?.sequence ?? 0) <= after) continue;
      found.push(...segment.filter(({ sequence, record }) => sequence > after && where(record)));
      if (found.length > limit) break;
    }
    const records = found.slice(0, limit);
    const more = found.length > limit;
    const last = more ? (records.at(-1)?.sequence ?? after) : Math.max(after, this.#last());
    return { records, more, last };
  }

  /** The place of the oldest record that is kept; undefined when there is none. */
  get oldest(): number | undefined {
    return this.#segments()[0]?.[0]?.sequence;
  }

  async #writeAll(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      await this.#gather();
      const batch = this.#waiting;
      this.#waiting = [];
      await this.#write(batch).then(
        () => batch.forEach(({ settle }) => settle.resolve()),
        (error: unknown) => batch.forEach(({ settle }) => settle.reject(error)),
      );
    }
    this.#writing = false;
  }

  /** Waits for more records, unless there are enough. */
  async #gather(): Promise<void> {
    if (this.#waiting.length >= enoughRecords) return;
    this.#enough = new AbortController();
    await this.#options.clock.sleep(gatherMs, this.#enough.signal).catch(() => undefined);
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const [{ kube } = { kube: undefined }] = batch;
    for (let attempt = 1; kube;) {
      const known = new Set(this.#segments().flatMap((segment) => segment.map(({ record }) => record.id)));
      const missing = batch.map(({ record }) => record).filter(({ id }) => !known.has(id));
      if (missing.length === 0) return;
      const append = planAppend(this.#last(), missing);
      if (!(await this.#store(append, kube)) && ++attempt > mostAttempts)
        throw new Error(`the usage in ConfigMap ${append.segment} changes too often`);
    }
  }

  /** Whether the records were stored; if not, the segment has been read again. */
  async #store(append: Append, kube: RestClient): Promise<boolean> {
    const { configMaps, namespace } = this.#options;
    const ref = { namespace, name: append.segment };
    try {
      if (configMaps.get(ref)) configMaps.recordWrite(await kube.patch(ConfigMap, ref, appendPatch(append)));
      else {
        configMaps.recordWrite(await kube.create(ConfigMap, segmentManifest(namespace, append)));
        await this.#dropOld(kube);
      }
      return true;
    } catch (error) {
      const isOvertaken = error instanceof ApiError && (error.isPatchRefused || error.isAlreadyExists);
      if (!isOvertaken) throw error;
      const { items } = await kube.list(ConfigMap, { namespace, fieldSelector: `metadata.name=${ref.name}` });
      for (const item of items) configMaps.recordWrite(item);
      return false;
    }
  }

  async #dropOld(kube: RestClient): Promise<void> {
    const { configMaps, keptRecords, delivered, namespace } = this.#options;
    const segments = configMaps.list(namespace).flatMap((configMap) => {
      const last = this.#recordsOf(configMap).at(-1)?.sequence;
      return last === undefined ? [] : [{ ...configMap.metadata, last }];
    });
    for (const { name, uid } of planDrop(segments, { records: keptRecords, delivered: delivered() })) {
      await kube.delete(ConfigMap, { namespace, name }, { uid }).catch((error: unknown) => {
        if (!(error instanceof ApiError && (error.isNotFound || error.isConflict))) throw error;
      });
      configMaps.recordDelete({ namespace, name }, uid);
    }
  }

  #last(): number {
    return this.#segments().at(-1)?.at(-1)?.sequence ?? 0;
  }

  /** In order; those without records are left out. */
  #segments(): SequencedUsage[][] {
    const { configMaps, namespace } = this.#options;
    return configMaps
      .list(namespace)
      .map((configMap) => this.#recordsOf(configMap))
      .filter((records) => records.length > 0)
      .sort(([a], [b]) => (a?.sequence ?? 0) - (b?.sequence ?? 0));
  }

  #recordsOf(configMap: ConfigMap): SequencedUsage[] {
    const known = this.#parsed.get(configMap);
    if (known) return known;
    const records = recordsOf(configMap);
    this.#parsed.set(configMap, records);
    return records;
  }
}
