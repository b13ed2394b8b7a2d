import type { PersistentVolumeClaim, Pod } from "@datalayer/shared/kube/kinds";
import type { ObjectReader } from "@datalayer/shared/kube/object-reader";
import { describe, expect, it } from "vitest";
import { assignment } from "../../test/assignment.ts";
import { storedHome } from "../../test/homes.ts";
import { runtimePod, type RuntimeTraits } from "../../test/pool-objects.ts";
import { label } from "../runtime/names.ts";
import type { Home } from "../pause/home.ts";
import { homeAnnotation } from "../pause/names.ts";
import { holdersOf, homeHoldersOf } from "./holders.ts";
import { Quota, type QuotaLimits } from "./quota.ts";
import { Seniority } from "./seniority.ts";

const user = { userUid: "ada", namespace: "datalayer-runtimes" };

/** A runtime of a user, assigned at this version. */
function held(id: string, version = 1, userUid = user.userUid, traits: RuntimeTraits = {}): Pod {
  const pod = runtimePod(id, { state: "assigned", labels: { [label.userUid]: userUid }, ...traits });
  return { ...pod, metadata: { ...pod.metadata, resourceVersion: String(version) } };
}

/** A quota over these Pods, seen in this order by the watch. */
function quotaOf(limits: Partial<QuotaLimits>, pods: Pod[] = []): Quota {
  const seniority = new Seniority();
  for (const pod of pods) seniority.observe(pod, { deleted: false, listed: false });
  const byIndex = (_: string, holder: string): Pod[] => pods.filter((pod) => holdersOf(pod).includes(holder));
  return new Quota({
    pods: { byIndex } as unknown as ObjectReader<Pod>,
    volumeClaims: {
      byIndex: () => [] as PersistentVolumeClaim[],
    } as unknown as ObjectReader<PersistentVolumeClaim>,
    seniority,
    limits: { perUser: Infinity, perNamespace: Infinity, ...limits },
  });
}

const exceeded = (scope: string, limit: number, current: number): unknown =>
  expect.objectContaining({ refusal: "quota-exceeded", facts: { scope, limit, current } });

describe("a quota before a claim", () => {
  it("lets a user have as many as the limit, and names what is exceeded", () => {
    expect(() => quotaOf({ perUser: 2 }, [held("a")]).reserve(user)).not.toThrow();
    expect(() => quotaOf({ perUser: 2 }, [held("a"), held("b")]).reserve(user)).toThrow(
      exceeded("user", 2, 2),
    );
    expect(() => quotaOf({ perUser: 2 }, [held("a"), held("b")]).reserve(user)).toThrow(
      'user "ada" has 2 runtimes, claims under way included, and may have 2: end one, then claim again',
    );
  });

  it("counts claims under way until their seat is free, once", () => {
    const quota = quotaOf({ perUser: 2 });
    const first = quota.reserve(user);
    quota.reserve(user);
    expect(() => quota.reserve(user)).toThrow(exceeded("user", 2, 2));
    first.free();
    first.free();
    quota.reserve(user);
    expect(() => quota.reserve(user)).toThrow(exceeded("user", 2, 2));
  });

  it("counts all users of a namespace for the namespace, and leaves no seat behind", () => {
    const quota = quotaOf({ perUser: 2, perNamespace: 2 }, [held("a"), held("b", 2, "bob")]);
    expect(() => quota.reserve(user)).toThrow(exceeded("namespace", 2, 2));
    expect(() => quota.reserve({ ...user, namespace: "other" })).not.toThrow();
    expect(() => quota.reserve({ ...user, namespace: "other" })).toThrow(exceeded("user", 2, 2));
  });

  const notHeld: [string, Pod][] = [
    ["of another user", held("a", 1, "bob")],
    ["that is warm", runtimePod("a")],
    ["that is ending", held("a", 1, "ada", { terminating: true })],
    ["that has ended", held("a", 1, "ada", { ended: true })],
    ["that is paused", held("a", 1, "ada", { state: "paused" })],
  ];
  it.each(notHeld)("does not count a runtime %s", (_, pod) => {
    expect(() => quotaOf({ perUser: 1 }, [pod]).reserve(user)).not.toThrow();
    expect(quotaOf({ perUser: 1 }, [pod]).ofUser("ada")).toEqual({ assigned: 0, limit: 1 });
  });
});

describe("who holds a runtime with a home", () => {
  const ulid = "01j9z8w7v6t5s4r3q2p1n0m9k8";
  const home = (state: Home["state"]): PersistentVolumeClaim =>
    storedHome({ ulid, assignment: assignment({ userUid: "ada" }), state, lastPod: "none" }).claim;

  it.each(["resuming", "assigned"] as const)("are its user and its namespace while it is %s", (state) => {
    expect(homeHoldersOf(home(state))).toEqual(["user/ada", "namespace/datalayer-runtimes"]);
  });

  it.each(["paused", "ending"] as const)("is nobody while it is %s", (state) => {
    expect(homeHoldersOf(home(state))).toEqual([]);
  });

  it("does not also count by its Pod", () => {
    const pod = held("a");
    const annotations = { ...pod.metadata.annotations, [homeAnnotation.claim]: "a-home" };
    expect(holdersOf({ ...pod, metadata: { ...pod.metadata, annotations } })).toEqual([]);
  });
});

describe("a quota after a claim", () => {
  it("keeps those that were first, whoever asks", () => {
    const pods = [held("a", 5), held("b", 7), held("c", 9)];
    const quota = quotaOf({ perUser: 2 }, pods);
    expect(() => quota.confirm(pods[0]!)).not.toThrow();
    expect(() => quota.confirm(pods[1]!)).not.toThrow();
    expect(() => quota.confirm(pods[2]!)).toThrow(exceeded("user", 2, 2));
  });

  it("goes by when they were assigned, not by later changes", () => {
    const seniority = new Seniority();
    const seen = (pod: Pod, listed = false): void => seniority.observe(pod, { deleted: false, listed });
    seen(held("first", 5));
    seen(held("second", 7));
    seen(held("first", 9));
    const pods = [held("first", 9), held("second", 7)];
    expect(seniority.rankOf(pods[0]!, pods)).toBe(0);
    expect(seniority.rankOf(pods[1]!, pods)).toBe(1);
  });

  it("takes what came with a list for older than what the watch showed", () => {
    const seniority = new Seniority();
    seniority.observe(held("listed", 20), { deleted: false, listed: true });
    seniority.observe(held("watched", 10), { deleted: false, listed: false });
    const pods = [held("watched", 10), held("listed", 20)];
    expect(seniority.rankOf(pods[0]!, pods)).toBe(1);
  });

  it("takes what was paused and held again for younger than what was held meanwhile", () => {
    const seniority = new Seniority();
    const change = { deleted: false, listed: false };
    const resumed = held("resumed", 9);
    seniority.observe(held("resumed", 5), change);
    seniority.observe(held("resumed", 6, "ada", { state: "paused" }), change);
    seniority.observe(held("meanwhile", 7), change);
    seniority.observe(resumed, change);
    expect(seniority.rankOf(resumed, [resumed, held("meanwhile", 7)])).toBe(1);
  });

  it("does not count what is gone", () => {
    const [gone, own] = [held("gone", 5), held("own", 7)];
    const seniority = new Seniority();
    seniority.observe(gone, { deleted: false, listed: false });
    seniority.observe(gone, { deleted: true, listed: false });
    expect(seniority.rankOf(own, [gone, own])).toBe(0);
  });
});
