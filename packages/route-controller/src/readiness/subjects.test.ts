import { type RouteReason, routeReason } from "@datalayer/shared/crds/route";
import { describe, expect, it } from "vitest";
import { resolvedRoute } from "../../test/resolved-route.ts";
import { type Subject, subjectOf } from "./subject.ts";
import { Subjects } from "./subjects.ts";

const className = "datalayer";

function subject(waitsFor?: RouteReason): Subject {
  return subjectOf(resolvedRoute(), { className, hash: "h", objects: [], waitsFor });
}

const { uid } = subject();

describe("given a Route that was looked at", () => {
  it("it is neither looked at nor leaving while it waits for its Pods", () => {
    const subjects = new Subjects();
    subjects.watch(subject(), 0);
    subjects.watch(subject(routeReason.noReadyPods), 1);
    expect([subjects.ofClass(className), subjects.leavingOf(className)]).toEqual([[], []]);
  });

  it("it is looked at afresh when they are ready", () => {
    const subjects = new Subjects();
    subjects.watch(subject(), 0);
    subjects.watch(subject(routeReason.noReadyPods), 1);
    const { watched, isNew } = subjects.watch(subject(), 2);
    expect({ isNew, sinceMs: watched.sinceMs }).toEqual({ isNew: true, sinceMs: 2 });
    expect(subjects.ofClass(className)).toEqual([watched]);
  });

  it("it has to go when nothing is made of it any more, also while it waits", () => {
    const subjects = new Subjects();
    subjects.watch(subject(routeReason.noReadyPods), 0);
    subjects.forget(uid, 3);
    expect(subjects.leavingOf(className)).toMatchObject([{ sinceMs: 3 }]);
    subjects.watch(subject(routeReason.noReadyPods), 4);
    expect(subjects.leavingOf(className)).toEqual([]);
  });
});
