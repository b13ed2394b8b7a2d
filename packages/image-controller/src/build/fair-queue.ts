import type { BuildTrigger } from "@datalayer/shared/crds/image";

/** A build that waits for its turn. */
export interface WaitingBuild {
  /** Of the Image: `namespace/name`. */
  key: string;
  namespace: string;
  /** What it makes: its inputs, and the repository that they go to. */
  product: string;
  trigger: BuildTrigger;
  /** RFC 3339. */
  queuedAt: string;
}

/** A Job that builds, or has built. */
export interface StartedBuild {
  namespace: string;
  /** What it makes: its inputs, and the repository that they go to. */
  product: string;
  /** RFC 3339. */
  createdAt: string;
  isRunning: boolean;
  /** Whether it takes one of the places of all; one that is held up leaves its own to others. */
  takesPlace: boolean;
}

/** Who waits goes before what only keeps up. */
const ranks: Readonly<Record<BuildTrigger, number>> = {
  Manual: 0,
  Created: 0,
  Spec: 0,
  Source: 1,
  BaseImage: 2,
  Operator: 3,
};

/**
 * The builds that may begin now, the first to begin first.
 *
 * Namespaces take turns: the next build is of the namespace with the fewest running, and of those the one whose last
 * build began longest ago. A namespace with a thousand builds delays another one's single build by one. Of builds of the
 * same inputs for the same repository one runs at a time: the others find there what it has pushed.
 *
 * @param limit - how many run at once, over all namespaces.
 */
export function nextBuilds(
  waiting: readonly WaitingBuild[],
  started: readonly StartedBuild[],
  limit: number,
): string[] {
  const turns = new Turns(started);
  const building = new Set(started.flatMap(({ isRunning, product }) => (isRunning ? [product] : [])));
  const left = Map.groupBy(eachOnce(waiting.toSorted(byTurn), building), ({ namespace }) => namespace);
  const next: string[] = [];
  for (let free = limit - turns.taken; free > 0; free--) {
    const namespace = turns.next([...left.keys()]);
    const build = namespace === undefined ? undefined : left.get(namespace)?.shift();
    if (!build) break;
    turns.begin(build.namespace);
    next.push(build.key);
    if (left.get(build.namespace)?.length === 0) left.delete(build.namespace);
  }
  return next;
}

/** The first of those that make the same, where none is being built. */
function eachOnce(waiting: readonly WaitingBuild[], building: ReadonlySet<string>): WaitingBuild[] {
  const seen = new Set(building);
  return waiting.filter(({ product }) => !seen.has(product) && seen.add(product));
}

class Turns {
  /** Places that are taken. */
  taken = 0;
  readonly #byNamespace = new Map<string, { running: number; lastAt: string }>();

  constructor(started: readonly StartedBuild[]) {
    for (const { namespace, createdAt, isRunning, takesPlace } of started) {
      const of = this.#of(namespace);
      if (createdAt > of.lastAt) of.lastAt = createdAt;
      if (isRunning) of.running++;
      if (takesPlace) this.taken++;
    }
  }

  next(namespaces: readonly string[]): string | undefined {
    return namespaces.toSorted((a, b) => {
      const [one, other] = [this.#of(a), this.#of(b)];
      return one.running - other.running || compare(one.lastAt, other.lastAt) || compare(a, b);
    })[0];
  }

  begin(namespace: string): void {
    this.#of(namespace).running++;
  }

  #of(namespace: string): { running: number; lastAt: string } {
    const of = this.#byNamespace.get(namespace) ?? { running: 0, lastAt: "" };
    this.#byNamespace.set(namespace, of);
    return of;
  }
}

function byTurn(a: WaitingBuild, b: WaitingBuild): number {
  return ranks[a.trigger] - ranks[b.trigger] || compare(a.queuedAt, b.queuedAt) || compare(a.key, b.key);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
