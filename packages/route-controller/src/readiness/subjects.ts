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

/** A Route of which nothing is made any more. */
export interface Leaving {
  readonly subject: Subject;
  /** Since when it has to go, in monotonic milliseconds. */
  readonly sinceMs: number;
  /** What was last said of it. */
  said?: Verdict;
}

/** The Routes that are looked at, for as long as they exist. */
export class Subjects {
  /** By uid of the Route. */
  readonly #watched = new Map<string, Watched>();
  /** By class and group: what came of the last member that was tried, if it did well. */
  readonly #groups = new Map<string, Finding>();

  /** Routes of which nothing is made any more, until no replica serves what was. */
  readonly #leaving = new Map<string, Leaving>();

  get(uid: string): Watched | undefined {
    return this.#watched.get(uid);
  }

  /** Those of one class that are looked for: not while nobody takes their requests. */
  ofClass(className: string): Watched[] {
    return [...this.#watched.values()].filter(
      ({ subject }) => subject.className === className && !subject.waitsFor,
    );
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

  /** Looks at a Route from now on; what was seen of it stays as long as it has the same hash, and waits for nobody. */
  watch(subject: Subject, nowMs: number): { watched: Watched; isNew: boolean } {
    const before = this.#watched.get(subject.uid);
    const isSame = sameness.every((field) => before?.subject[field] === subject[field]);
    this.#leaving.delete(subject.uid);
    if (before && isSame) return { watched: before, isNew: false };
    const watched: Watched = { subject, sinceMs: nowMs, probes: new Map(), failures: 0 };
    this.#watched.set(subject.uid, watched);
    return { watched, isNew: true };
  }

  /** Looks at a Route no longer; what was made of it has to go. Answers with it when it was looked at. */
  forget(uid: string, nowMs: number): Subject | undefined {
    const subject = this.#watched.get(uid)?.subject;
    this.#watched.delete(uid);
    if (subject) this.#leaving.set(uid, { subject, sinceMs: nowMs });
    return subject;
  }

  /** What has to go of one Route. */
  leaving(uid: string): Leaving | undefined {
    return this.#leaving.get(uid);
  }

  /** What has to go of the Routes of one class. */
  leavingOf(className: string): Leaving[] {
    return [...this.#leaving.values()].filter(({ subject }) => subject.className === className);
  }

  /** It has gone. */
  left(uid: string): void {
    this.#leaving.delete(uid);
  }

  clear(): void {
    this.#watched.clear();
    this.#groups.clear();
    this.#leaving.clear();
  }
}

const sameness = ["hash", "className", "waitsFor"] as const;

function groupKey({ className, group = "" }: Subject): string {
  return `${className}/${group}`;
}
