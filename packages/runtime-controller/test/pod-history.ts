import { Pod } from "@datalayer/shared/kube/kinds";
import type { RestClient } from "@datalayer/shared/kube/rest";
import { ApiError } from "@datalayer/shared/kube/api-error";
import { parseRuntime } from "../src/runtime/runtime.ts";
import { mayBecome, type RuntimeState } from "../src/runtime/state.ts";

/** One version of a runtime Pod, reduced to what assertions read: histories are long. */
export interface PodVersion {
  readonly resourceVersion: string;
  readonly state: RuntimeState;
  readonly terminating: boolean;
  readonly pool: string;
  readonly claimId?: string;
  readonly claimKey?: string;
  readonly userUid?: string;
  readonly reservationId?: string;
}

/** The life of one Pod, from its first version to its removal. */
export interface PodLife {
  readonly uid: string;
  readonly name: string;
  readonly versions: PodVersion[];
  /** The Pod is removed from the API server. */
  gone: boolean;
}

/**
 * Every version of every runtime Pod of a namespace, in the order in which the API server wrote them. It has a
 * watch of its own, which no fault reaches; should that one ever lose its place, {@link PodHistory.stop} rejects.
 */
export class PodHistory {
  /** By uid, in the order of their first version. */
  readonly lives = new Map<string, PodLife>();
  readonly #running = new AbortController();
  readonly #recording: Promise<void>;
  #resourceVersion: string;

  private constructor(
    admin: RestClient,
    namespace: string,
    first: { items: Pod[]; resourceVersion: string },
  ) {
    for (const pod of first.items) this.#observe(pod, false);
    this.#resourceVersion = first.resourceVersion;
    this.#recording = this.#record(admin, namespace);
    // Reported by stop().
    this.#recording.catch(() => undefined);
  }

  /** Starts with the Pods that are there now. */
  static async start(admin: RestClient, namespace: string): Promise<PodHistory> {
    return new PodHistory(admin, namespace, await admin.list(Pod, { namespace }));
  }

  /** Those that were ever assigned. */
  assigned(): PodLife[] {
    return [...this.lives.values()].filter(({ versions }) => versions.some(({ claimId }) => claimId));
  }

  /** Those that are assigned and stay, by the last version of each. */
  held(): PodLife[] {
    return this.assigned().filter(({ gone, versions }) => !gone && versions.at(-1)?.terminating === false);
  }

  /** How many of a pool can be claimed, by the last version of each. */
  available(pool: string): number {
    const last = [...this.lives.values()].flatMap(({ gone, versions }) =>
      gone ? [] : (versions.at(-1) ?? []),
    );
    return last.filter((one) => one.pool === pool && one.state === "available" && !one.terminating).length;
  }

  /** Ends the record; rejects when it is not complete. */
  async stop(): Promise<void> {
    this.#running.abort();
    await this.#recording;
  }

  async #record(admin: RestClient, namespace: string): Promise<void> {
    const { signal } = this.#running;
    while (!signal.aborted) {
      try {
        await this.#follow(admin, namespace);
      } catch (error) {
        if (error instanceof ApiError && error.isGone)
          throw new Error("the history of the Pods has a hole", { cause: error });
      }
    }
  }

  async #follow(admin: RestClient, namespace: string): Promise<void> {
    const { signal } = this.#running;
    const from = { namespace, resourceVersion: this.#resourceVersion, timeoutSeconds: 300, signal };
    for await (const { type, object } of admin.watch(Pod, from)) {
      this.#resourceVersion = object.metadata.resourceVersion;
      if (type !== "BOOKMARK") this.#observe(object, type === "DELETED");
    }
  }

  #observe(pod: Pod, gone: boolean): void {
    const version = versionOf(pod);
    if (!version) return;
    const { uid, name } = pod.metadata;
    const life = this.lives.get(uid) ?? { uid, name, versions: [], gone };
    this.lives.set(uid, life);
    life.versions.push(version);
    life.gone = gone;
  }
}

function versionOf(pod: Pod): PodVersion | undefined {
  const runtime = parseRuntime(pod);
  if (!runtime) return undefined;
  const { state, terminating, pool, assignment } = runtime;
  const { claimId, claimKey, userUid, reservationId } = assignment ?? {};
  const { resourceVersion } = pod.metadata;
  return { resourceVersion, state, terminating, pool, claimId, claimKey, userUid, reservationId };
}

/** One answered claim: who asked, and which Pod it was told. */
export interface Given {
  claimant: string;
  podName: string;
}

/** No Pod was ever written by two claims or went back on its way, and no two claimants were told the same Pod. */
export function assertNoDoubleAssignment(history: PodHistory, given: readonly Given[] = []): void {
  const problems = [...history.lives.values()].flatMap(problemsOf);
  const owners = new Map<string, string>();
  for (const { claimant, podName } of given) {
    const owner = owners.get(podName) ?? claimant;
    if (owner !== claimant) problems.push(`${podName} was given to ${owner} and to ${claimant}`);
    owners.set(podName, owner);
  }
  fail("a runtime was assigned twice", problems);
}

/** Every Pod that is held is one that its claimant was told of, under its reservation. */
export function assertNoLeakedReservation(history: Pick<PodHistory, "held">, given: readonly Given[]): void {
  const told = new Map(given.map(({ podName, claimant }) => [podName, claimant]));
  const problems = history
    .held()
    .map(({ name, versions }) => ({ name, holder: versions.at(-1)?.reservationId }))
    .filter(({ name, holder }) => told.get(name) !== holder)
    .map(({ name, holder }) => `${name} is held for ${holder}, who was told otherwise`);
  fail("a reservation is held by a Pod that nobody knows", problems);
}

/** At no moment did the pool have more warm Pods than that. */
export function assertNeverMoreWarm(history: PodHistory, pool: string, limit: number): void {
  const changes = [...history.lives.values()].flatMap((life) => warmSpanOf(life, pool));
  let warm = 0;
  let most = 0;
  for (const { by } of changes.sort((a, b) => a.at - b.at)) {
    warm += by;
    most = Math.max(most, warm);
  }
  fail("a pool had too many warm Pods", most > limit ? [`${pool}: ${most}, more than ${limit}`] : []);
}

/** The least number of available runtimes of a pool at any moment since it first had `size`. */
export function leastAvailable(history: PodHistory, pool: string, size: number): number {
  const counts = stockOf(history, pool).map(({ available }) => available);
  return Math.min(...counts.slice(counts.findIndex((count) => count >= size)));
}

/**
 * The least number of available runtimes that a pool was left with when one was taken away that nobody had claimed;
 * Infinity when none was.
 */
export function leastLeftByRemoval(history: PodHistory, pool: string): number {
  const removals = stockOf(history, pool).filter(({ isRemoval }) => isRemoval);
  return Math.min(...removals.map(({ available }) => available));
}

/** How many runtimes of a pool could be claimed after each change of one, and whether it was taken away unclaimed. */
function stockOf(history: PodHistory, pool: string): { available: number; isRemoval: boolean }[] {
  const lives = [...history.lives.values()].filter(({ versions }) => versions[0]?.pool === pool);
  const changes = lives.flatMap(({ uid, versions }) =>
    versions.map((version) => ({ at: Number(version.resourceVersion), uid, version })),
  );
  const serving = new Set<string>();
  return changes
    .sort((a, b) => a.at - b.at)
    .map(({ uid, version: { state, terminating } }) => {
      const served = serving.delete(uid);
      if (state === "available" && !terminating) serving.add(uid);
      return { available: serving.size, isRemoval: served && state === "available" && terminating };
    });
}

function problemsOf({ name, versions }: PodLife): string[] {
  const claims = new Set(versions.flatMap(({ claimId }) => claimId ?? []));
  const users = new Set(versions.flatMap(({ userUid }) => userUid ?? []));
  const problems: string[] = [];
  if (claims.size > 1) problems.push(`${name} carries ${claims.size} claims`);
  if (users.size > 1) problems.push(`${name} belongs to ${[...users].join(", ")}`);
  for (const [index, { state }] of versions.entries()) {
    const before = versions[index - 1]?.state ?? state;
    if (before !== state && !mayBecome(before, state))
      problems.push(`${name} went from ${before} to ${state}`);
  }
  return problems;
}

/** When a Pod began and ceased to be warm, by resourceVersion. */
function warmSpanOf({ versions, gone }: PodLife, pool: string): { at: number; by: 1 | -1 }[] {
  const first = versions[0];
  if (first?.pool !== pool || first.claimId) return [];
  const end = versions.find(({ claimId, terminating }) => claimId || terminating);
  const begun = { at: Number(first.resourceVersion), by: 1 as const };
  if (!end && !gone) return [begun];
  return [begun, { at: Number((end ?? versions.at(-1))?.resourceVersion), by: -1 }];
}

function fail(what: string, problems: readonly string[]): void {
  if (problems.length > 0)
    throw new Error(`${what}:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
}
