import type { Known } from "./judge.ts";
import type { Subject } from "./subject.ts";
import type { Finding, Verdict } from "./verdict.ts";

/** A Route that is looked at, and what was last said of it. */
export interface Watched extends Known {
  readonly probes: Map<string, Finding>;
  verdict?: Verdict;
  /** Attempts to try it that did not end well, in a row. */
  failures: number;
}

/** The Routes that are looked at, for as long as they exist. */
export class Subjects {
  /** By uid of the Route. */
  readonly #watched = new Map<string, Watched>();
  /** By class and group: what came of the last member that was tried, if it did well. */
  readonly #groups = new Map<string, Finding>();

  get(uid: string): Watched | undefined {
    return this.#watched.get(uid);
  }

  /** Those of one class. */
  ofClass(className: string): Watched[] {
    return [...this.#watched.values()].filter(({ subject }) => subject.className === className);
  }

  /** What is known of the group of a Route by the members of it that were tried. */
  ofGroup(subject: Subject): Finding | undefined {
    return this.#groups.get(groupKey(subject));
  }

  /** Notes how a Route did for all of its group. */
  noteGroup(subject: Subject, finding: Finding): void {
    if (subject.group === undefined) return;
    if (finding.status === "True") this.#groups.set(groupKey(subject), finding);
    else this.#groups.delete(groupKey(subject));
  }

  /** Looks at a Route from now on; what was seen of it stays as long as it has the same hash. */
  watch(subject: Subject, nowMs: number): { watched: Watched; isNew: boolean } {
    const before = this.#watched.get(subject.uid);
    const isSame = before?.subject.hash === subject.hash && before.subject.className === subject.className;
    if (before && isSame) return { watched: before, isNew: false };
    const watched: Watched = { subject, sinceMs: nowMs, probes: new Map(), failures: 0 };
    this.#watched.set(subject.uid, watched);
    return { watched, isNew: true };
  }

  forget(uid: string): void {
    this.#watched.delete(uid);
  }

  clear(): void {
    this.#watched.clear();
    this.#groups.clear();
  }
}

function groupKey({ className, group = "" }: Subject): string {
  return `${className}/${group}`;
}
