import type { Pod } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import type { RuntimeAddress } from "@datalayer/shared/runtime/base-path";
import { type LinkOptions, RuntimeLink } from "./runtime-link.ts";
import { parseRuntimePod, type RuntimePod } from "./runtime-pod.ts";

/** A link to every runtime of the watched namespaces. */
export class RuntimeLinks {
  readonly #pods: ObjectReader<Pod>;
  readonly #options: LinkOptions;
  readonly #byUid = new Map<string, RuntimeLink>();
  /** Nearly always one; two where Pods of several namespaces have the same name. */
  readonly #byUlid = new Map<string, RuntimeLink[]>();

  /** Make it before the cache is started. */
  constructor(pods: ObjectReader<Pod>, options: LinkOptions) {
    this.#pods = pods;
    this.#options = options;
    pods.onChange(({ type, object }) => {
      const pod = parseRuntimePod(object);
      if (type === "deleted" || !pod) this.#remove(object.metadata.uid);
      else this.#note(pod);
    });
  }

  /** Whether a runtime that is not found is none. */
  get hasSynced(): boolean {
    return this.#pods.hasSynced;
  }

  /**
   * The link to a runtime; undefined when there is no such runtime. Of two Pods with one address it is the older:
   * nobody takes a runtime over by creating a Pod of its name elsewhere.
   */
  find({ pool, ulid }: RuntimeAddress): RuntimeLink | undefined {
    return this.#byUlid.get(ulid)?.find((link) => link.pod.pool === pool);
  }

  /** All links. */
  all(): MapIterator<RuntimeLink> {
    return this.#byUid.values();
  }

  #note(pod: RuntimePod): void {
    const known = this.#byUid.get(pod.uid);
    if (known) {
      known.update(pod);
      return;
    }
    const link = new RuntimeLink(pod, this.#options);
    this.#byUid.set(pod.uid, link);
    const alike = [...(this.#byUlid.get(pod.ulid) ?? []), link];
    this.#byUlid.set(pod.ulid, alike.sort(byAge));
  }

  #remove(uid: string): void {
    const link = this.#byUid.get(uid);
    if (!link) return;
    this.#byUid.delete(uid);
    const { ulid } = link.pod;
    const left = (this.#byUlid.get(ulid) ?? []).filter((other) => other !== link);
    if (left.length > 0) this.#byUlid.set(ulid, left);
    else this.#byUlid.delete(ulid);
    link.end();
  }
}

function byAge({ pod: a }: RuntimeLink, { pod: b }: RuntimeLink): number {
  return a.createdAt.localeCompare(b.createdAt) || a.uid.localeCompare(b.uid);
}
