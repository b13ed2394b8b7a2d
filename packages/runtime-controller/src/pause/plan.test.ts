import { describe, expect, it } from "vitest";
import { runtime as podOf } from "../../test/pool-objects.ts";
import { assignment } from "../../test/assignment.ts";
import { storedHome } from "../../test/homes.ts";
import type { HomeState } from "./home.ts";
import { homeAnnotation } from "./names.ts";
import { type HomeStep, isItsPod, planHome } from "./plan.ts";

const ulid = "01j9z8w7v6t5s4r3q2p1n0m9k8";
const uid = `uid-of-runtime-${ulid}`;
const pod = (resumes: string, terminating = false) =>
  podOf(ulid, { state: "assigned", terminating, annotations: { [homeAnnotation.resumes]: resumes } });
const home = (state: HomeState, lastPod: string) =>
  storedHome({ state, lastPod, ulid, assignment: assignment() });

describe("what a home wants", () => {
  it.each<[string, [HomeState, string], ReturnType<typeof pod> | undefined, HomeStep]>([
    ["a Pod for one that resumes", ["resuming", "before"], undefined, "create-pod"],
    ["the Pod that took over", ["resuming", "before"], pod("before"), "adopt-pod"],
    ["no Pod that resumes from an earlier one", ["resuming", "before"], pod("earlier"), "delete-pod"],
    ["to wait for the name while the last one goes", ["resuming", uid], pod("before", true), "none"],
    ["nothing more than its Pod", ["assigned", uid], pod("before"), "none"],
    ["to be paused when its Pod is lost", ["assigned", uid], undefined, "pause"],
    ["no other Pod of its name", ["assigned", "another"], pod("before"), "delete-pod"],
    ["no Pod while it is paused", ["paused", uid], pod("before"), "delete-pod"],
    ["no late Pod while it is paused", ["paused", "another"], pod("before"), "delete-pod"],
    ["nothing while it is paused", ["paused", uid], undefined, "none"],
    ["to wait for its Pod to go", ["ending", uid], pod("before", true), "none"],
    ["its Pod to go first when it ends", ["ending", uid], pod("before"), "delete-pod"],
    ["to be gone when it ends", ["ending", uid], undefined, "remove-home"],
  ])("is %s", (_, [state, lastPod], there, step) => {
    expect(planHome(home(state, lastPod), there)).toBe(step);
  });
});

describe("the Pod of a runtime", () => {
  it.each<[string, [HomeState, string], string, boolean]>([
    ["the one that is noted", ["assigned", uid], "before", true],
    ["the one that takes over", ["resuming", "before"], "before", true],
    ["not one that came too late", ["resuming", "before"], "earlier", false],
    ["none once it is paused", ["paused", uid], "before", false],
    ["none once it ends", ["ending", uid], "before", false],
  ])("is %s", (_, [state, lastPod], resumes, is) => {
    expect(isItsPod(pod(resumes), home(state, lastPod))).toBe(is);
  });
});
