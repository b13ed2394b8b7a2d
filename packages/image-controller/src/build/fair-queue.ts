import type { BuildTrigger } from "@datalayer/shared/crds/image";

/** A build that waits for its turn. */
export interface WaitingBuild {
  /** Of the Image: `namespace/name`. */
  key: string;
  namespace: string;
  /** Of its inputs. */
  hash: string;
  trigger: BuildTrigger;
  /** RFC 3339. */
  queuedAt: string;
}

/** A Job that builds, or has built. */
export interface StartedBuild {
  namespace: string;
  /** Of its inputs. */
  hash: string;
  /** RFC 3339. */
  createdAt: string;
  /** Whether it takes a place. */
  isRunning: boolean;
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
 * same inputs one runs at a time: the others find in the registry what it has pushed.
 *
 * @param limit - how many run at once, over all namespaces.
 */
export function nextBuilds(
  waiting: readonly WaitingBuild[],
  started: readonly StartedBuild[],
  limit: number,
): string[] {
  const turns = new Turns(started);
  const building = new Set(started.flatMap(({ isRunning, hash }) => (isRunning ? [hash] : [])));
  const left = Map.groupBy(eachOnce(waiting.toSorted(byTurn), building), ({ namespace }) => namespace);
  const next: string[] = [];
  for (let free = limit - turns.running; free > 0; free--) {
    const namespace = turns.next([...left.keys()]);
    const build = namespace === undefined ? undefined : left.get(namespace)?.shift();
    if (!build) break;
    turns.begin(build.namespace);
    next.push(build.key);
    if (left.get(build.namespace)?.length === 0) left.delete(build.namespace);
  }
  return next;
}

/** The first of those with the same inputs, where none is being built. */
function eachOnce(waiting: readonly WaitingBuild[], building: ReadonlySet<string>): WaitingBuild[] {
  const seen = new Set(building);
  return waiting.filter(({ hash }) => !seen.has(hash) && seen.add(hash));
}

class Turns {
  running = 0;
  readonly #byNamespace = new Map<string, { running: number; lastAt: string }>();

  constructor(started: readonly StartedBuild[]) {
    for (const { namespace, createdAt, isRunning } of started) {
      const of = this.#of(namespace);
      if (createdAt > of.lastAt) of.lastAt = createdAt;
      if (isRunning) of.running++;
      if (isRunning) this.running++;
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
