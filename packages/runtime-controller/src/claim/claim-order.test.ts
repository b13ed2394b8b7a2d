import { ManualClock } from "@datalayer/shared/clock/manual-clock";
import { beforeEach, describe, expect, it } from "vitest";
import { runtimePod, type RuntimeTraits } from "../../test/pool-objects.ts";
import { label } from "../runtime/names.ts";
import { ClaimOrder } from "./claim-order.ts";

const rememberMs = 600_000;
const claimed = (id: string, traits: RuntimeTraits = {}) =>
  runtimePod(id, { state: "assigned", labels: { [label.claimKey]: "key" }, ...traits });
const versioned = (id: string, version: number) => {
  const pod = claimed(id);
  return { ...pod, metadata: { ...pod.metadata, resourceVersion: String(version) } };
};
const watched = { deleted: false, listed: false };
const listed = { deleted: false, listed: true };
const deleted = { deleted: true, listed: false };

let clock: ManualClock;
let order: ClaimOrder;

beforeEach(() => {
  clock = new ManualClock();
  order = new ClaimOrder({ clock, rememberMs });
});

const first = (): unknown => {
  const found = order.first("key");
  return found.kind === "first" ? found.pod.metadata.name : found.kind;
};

describe("the order of claims", () => {
  it("knows nothing of a key that nobody used, and of Pods without a key", () => {
    order.observe(runtimePod("a"), watched);
    expect(first()).toBe("none");
    expect(order.isSuperseded(runtimePod("a"))).toBe(false);
  });

  it("is that of the watch, whatever happens to the Pods later", () => {
    for (const id of ["b", "a", "b"]) order.observe(claimed(id), watched);
    expect(first()).toBe("runtime-b");
    expect(order.isSuperseded(claimed("a"))).toBe(true);
    expect(order.isSuperseded(claimed("b"))).toBe(false);
  });

  it("puts one that was listed before those that were watched", () => {
    order.observe(claimed("b"), listed);
    order.observe(claimed("a"), watched);
    expect(first()).toBe("runtime-b");
  });

  it("is unknown of two that came with one list, until the history has told", () => {
    for (const id of ["a", "b"]) order.observe(claimed(id), listed);
    expect(first()).toBe("unordered");
    expect(order.isSuperseded(claimed("a"))).toBe(false);
    order.settle("key", claimed("b"));
    expect(first()).toBe("runtime-b");
    expect(order.isSuperseded(claimed("a"))).toBe(true);
  });

  it("knows that a key has ended once all have gone of which it is not known who was first", () => {
    for (const id of ["a", "b"]) order.observe(claimed(id), listed);
    order.observe(claimed("a"), deleted);
    expect(first()).toBe("unordered");
    order.observe(claimed("b"), deleted);
    expect(first()).toBe("ended");
  });

  it("is looked for from where the one was there that was seen last the longest ago", () => {
    expect(order.lookBackFrom("key")).toBeUndefined();
    order.observe(versioned("a", 7), listed);
    order.observe(versioned("b", 5), listed);
    expect(order.lookBackFrom("key")).toBe(5n);
    order.observe(versioned("b", 9), watched);
    expect(order.lookBackFrom("key")).toBe(7n);
    order.observe(versioned("a", 12), deleted);
    order.observe(versioned("b", 14), watched);
    expect(order.lookBackFrom("key")).toBe(7n);
  });

  it("does not learn from the history of a Pod or key that it does not know", () => {
    order.observe(claimed("a"), watched);
    order.settle("key", claimed("stranger"));
    order.settle("other", claimed("a"));
    expect(first()).toBe("runtime-a");
  });

  it("gives the newest version of the first", () => {
    order.observe(claimed("a"), watched);
    order.observe(claimed("a", { annotations: { "given-name": "new" } }), watched);
    expect(order.first("key")).toMatchObject({ pod: { metadata: { annotations: { "given-name": "new" } } } });
  });

  it.each([
    ["is being deleted", claimed("a", { terminating: true }), watched],
    ["is gone", claimed("a"), deleted],
  ])("says that the key has ended when the first %s", (_, pod, change) => {
    order.observe(claimed("a"), watched);
    order.observe(claimed("b"), watched);
    order.observe(pod, change);
    expect(first()).toBe("ended");
    expect(order.isSuperseded(claimed("b"))).toBe(true);
  });

  it("begins anew with a claim that came after all others had gone", () => {
    order.observe(claimed("a"), watched);
    order.observe(claimed("a"), deleted);
    order.observe(claimed("b"), watched);
    expect(first()).toBe("runtime-b");
    expect(order.isSuperseded(claimed("b"))).toBe(false);
  });

  it("forgets a key some time after the last of its runtimes has gone", async () => {
    for (const id of ["a", "b"]) order.observe(claimed(id), watched);
    order.observe(claimed("a"), deleted);
    await clock.advance(rememberMs + 1);
    expect(first()).toBe("ended");
    order.observe(claimed("b"), deleted);
    await clock.advance(rememberMs);
    expect(first()).toBe("ended");
    await clock.advance(1);
    expect(first()).toBe("none");
  });
});
