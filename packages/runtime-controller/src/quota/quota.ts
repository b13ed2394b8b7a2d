import type { PersistentVolumeClaim, Pod } from "@datalayer/shared/kube/kinds";
import type { KubeObject } from "@datalayer/shared/kube/object";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { ClaimError } from "../claim/claim-error.ts";
import { label } from "../runtime/names.ts";
import { namespaceHolder, userHolder } from "./holders.ts";
import type { Seniority } from "./seniority.ts";

/** How many runtimes may be held at once; Infinity sets no limit. */
export interface QuotaLimits {
  /** By one user, over all watched namespaces. */
  perUser: number;
  /** In one namespace, by all of its users. */
  perNamespace: number;
}

/** A place within the limits, taken by a claim that is under way. */
export interface Seat {
  /** Gives the place back, or leaves it to the runtime that the cache shows by now. Only the first call counts. */
  free(): void;
}

/** What a user holds, and may hold. */
export interface UserQuota {
  assigned: number;
  /** Infinity without a limit. */
  limit: number;
}

interface Claimant {
  userUid: string;
  namespace: string;
}

interface Limited {
  scope: "user" | "namespace";
  /** The user or the namespace. */
  name: string;
  holder: string;
  limit: number;
}

/**
 * Limits on the runtimes that users and namespaces hold.
 *
 * Before a claim it counts what the cache shows and what this replica is working on: within one replica no limit
 * is ever passed. Several replicas may each give the last place away; so the one that has taken a runtime waits
 * for the watch to show that, and gives it back when as many were assigned before it as there may be. All
 * replicas see one order, so the first ones stay and the others go.
 *
 * Guarantee: among the runtimes of one namespace that have a home, and among those that have none, none beyond the
 * limit is handed out. Caveats: a user of several namespaces or of runtimes with and without a home, whose watches are
 * not in step, and a watch that is more than a second late, may for once pass the limit by what other replicas had
 * under way.
 */
export class Quota {
  readonly #pods: ObjectReader<Pod>;
  readonly #volumeClaims: ObjectReader<PersistentVolumeClaim>;
  readonly #seniority: Seniority;
  readonly #limits: QuotaLimits;
  readonly #underWay = new Map<string, number>();

  constructor(options: {
    pods: ObjectReader<Pod>;
    volumeClaims: ObjectReader<PersistentVolumeClaim>;
    seniority: Seniority;
    limits: QuotaLimits;
  }) {
    this.#pods = options.pods;
    this.#volumeClaims = options.volumeClaims;
    this.#seniority = options.seniority;
    this.#limits = options.limits;
  }

  /** Takes a place for one more runtime. @throws ClaimError `quota-exceeded` when there is none. */
  reserve(claimant: Claimant): Seat {
    const limited = this.#limited(claimant);
    for (const each of limited)
      refuseBeyond(each, this.#held(each.holder).length + this.#underWayOf(each.holder));
    for (const { holder } of limited) this.#underWay.set(holder, this.#underWayOf(holder) + 1);
    let isTaken = true;
    return {
      free: () => {
        if (isTaken) for (const { holder } of limited) this.#leave(holder);
        isTaken = false;
      },
    };
  }

  /** Whether there is any limit, so that it is worth while to confirm. */
  get isLimited(): boolean {
    return this.#limits.perUser !== Infinity || this.#limits.perNamespace !== Infinity;
  }

  /**
   * Whether others filled the limit before this Pod was assigned, or this home wanted one. Ask it once the watch has
   * shown that.
   * @throws ClaimError `quota-exceeded` when they did.
   */
  confirm(held: KubeObject): void {
    const { labels = {}, namespace = "" } = held.metadata;
    const claimant = { userUid: labels[label.userUid] ?? "", namespace };
    for (const each of this.#limited(claimant))
      refuseBeyond(each, this.#seniority.rankOf(held, this.#held(each.holder)));
  }

  /** What a user holds and may hold. */
  ofUser(userUid: string): UserQuota {
    return { assigned: this.#held(userHolder(userUid)).length, limit: this.#limits.perUser };
  }

  #limited({ userUid, namespace }: Claimant): Limited[] {
    const { perUser, perNamespace } = this.#limits;
    const all: Limited[] = [
      { scope: "user", name: userUid, holder: userHolder(userUid), limit: perUser },
      { scope: "namespace", name: namespace, holder: namespaceHolder(namespace), limit: perNamespace },
    ];
    return all.filter(({ limit }) => limit !== Infinity);
  }

  #held(holder: string): KubeObject[] {
    return [...this.#pods.byIndex("holder", holder), ...this.#volumeClaims.byIndex("holder", holder)];
  }

  #underWayOf(holder: string): number {
    return this.#underWay.get(holder) ?? 0;
  }

  #leave(holder: string): void {
    const left = this.#underWayOf(holder) - 1;
    if (left > 0) this.#underWay.set(holder, left);
    else this.#underWay.delete(holder);
  }
}

function refuseBeyond({ scope, name, limit }: Limited, current: number): void {
  if (current < limit) return;
  const detail = `${scope} "${name}" has ${current} runtimes, claims under way included, and may have ${limit}`;
  throw new ClaimError("quota-exceeded", `${detail}: end one, then claim again`, {
    facts: { scope, limit, current },
  });
}
