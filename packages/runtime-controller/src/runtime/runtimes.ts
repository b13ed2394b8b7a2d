import type { Pod } from "@datalayer/shared/kube/kinds";
import { keyOf, type ObjectRef } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { holdersOf } from "../quota/holders.ts";
import { label } from "./names.ts";
import { labelValueOf } from "./label-value.ts";
import { parseRuntime, type Runtime } from "./runtime.ts";

/** The indexes of runtime Pods: by `namespace/<pool label>`, by Pod name, and by who holds them. */
export const runtimeIndexes = {
  name: ({ metadata }: Pod): string[] => [metadata.name],
  holder: holdersOf,
  pool: ({ metadata }: Pod): string[] => {
    const pool = metadata.labels?.[label.pool];
    return pool === undefined ? [] : [keyOf({ namespace: metadata.namespace, name: pool })];
  },
};

/** The cached runtime Pods, read as runtimes. Each version of a Pod is parsed once. */
export class Runtimes {
  readonly #pods: ObjectReader<Pod>;
  readonly #parsed = new WeakMap<Pod, Runtime>();

  /** @param pods - a cache of runtime Pods with {@link runtimeIndexes}. */
  constructor(pods: ObjectReader<Pod>) {
    this.#pods = pods;
  }

  /** The runtime of this Pod name, in whatever namespace: names hold a ULID and are unique. */
  find(podName: string): Runtime | undefined {
    const [pod] = this.#pods.byIndex("name", podName);
    return pod && this.of(pod);
  }

  /** Reads a Pod; undefined when it is not a runtime. */
  of(pod: Pod): Runtime | undefined {
    const known = this.#parsed.get(pod);
    if (known) return known;
    const runtime = parseRuntime(pod);
    if (runtime) this.#parsed.set(pod, runtime);
    return runtime;
  }

  /** All runtimes of a pool, in every state. */
  ofPool({ namespace, name }: ObjectRef): Runtime[] {
    const pods = this.#pods.byIndex("pool", keyOf({ namespace, name: labelValueOf(name) }));
    return pods.flatMap((pod) => this.of(pod) ?? []);
  }

  /** Every runtime of the watched namespaces. */
  all(): Runtime[] {
    return this.#pods.list().flatMap((pod) => this.of(pod) ?? []);
  }
}
