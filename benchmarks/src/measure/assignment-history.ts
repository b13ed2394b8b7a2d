import type { Pod } from "@datalayer/shared/kube/kinds";

const claimIdAnnotation = "runtime-pools.datalayer.io/claim-id";
const claimKeyLabel = "runtime-pools.datalayer.io/claim-key";

/** What a history was found to hold. */
export interface HistoryFindings {
  /** Pods that were given to more than one claim, by the Pods themselves or by the answers. */
  doubleAssignments: number;
  /** Claims with a key that hold more than one Pod at the end. */
  surplusPods: number;
  /** Pods that are assigned at the end though no answer named them. */
  leakedPods: number;
}

/**
 * Who had which Pod, from every state that the watch showed of every Pod and from every answer to a claim.
 *
 * The answers alone would miss a Pod that was taken over silently; the Pods alone would miss two callers who
 * were told the same Pod.
 */
export class AssignmentHistory {
  readonly #claimsByPod = new Map<string, Set<string>>();
  readonly #callersByPod = new Map<string, Set<string>>();
  readonly #podsByKey = new Map<string, Set<string>>();
  readonly #assignedNow = new Map<string, { name: string; key: string | undefined }>();

  /** Takes over one state of a Pod. */
  observe(pod: Pod, deleted: boolean): void {
    const { uid, name, annotations, labels } = pod.metadata;
    const claimId = annotations?.[claimIdAnnotation];
    const key = labels?.[claimKeyLabel];
    if (claimId !== undefined) addTo(this.#claimsByPod, uid, claimId);
    if (key !== undefined) addTo(this.#podsByKey, key, name);
    if (deleted || claimId === undefined) this.#assignedNow.delete(uid);
    else this.#assignedNow.set(uid, { name, key });
  }

  /** Takes over one answer: this caller was told that it has this Pod. */
  answered(podName: string, caller: string): void {
    addTo(this.#callersByPod, podName, caller);
  }

  /** Number of Pods that are assigned now. */
  get assigned(): number {
    return this.#assignedNow.size;
  }

  /** Each Pod that leaked, and all Pods that ever had its key, in their order. */
  leaks(): { pod: string; ofKey: string[] }[] {
    return this.#leaked().map(({ name, key = "" }) => ({
      pod: name,
      ofKey: [...(this.#podsByKey.get(key) ?? [])],
    }));
  }

  findings(): HistoryFindings {
    const shared = (owners: Map<string, Set<string>>): number =>
      [...owners.values()].filter(({ size }) => size > 1).length;
    const assigned = [...this.#assignedNow.values()];
    const keys = assigned.flatMap(({ key }) => key ?? []);
    return {
      doubleAssignments: shared(this.#claimsByPod) + shared(this.#callersByPod),
      surplusPods: keys.length - new Set(keys).size,
      leakedPods: this.#leaked().length,
    };
  }

  #leaked(): { name: string; key: string | undefined }[] {
    return [...this.#assignedNow.values()].filter(({ name }) => !this.#callersByPod.has(name));
  }
}

function addTo(owners: Map<string, Set<string>>, pod: string, owner: string): void {
  const known = owners.get(pod) ?? new Set();
  owners.set(pod, known.add(owner));
}
