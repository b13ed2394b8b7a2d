import type { Pod } from "@datalayer/shared/kube/kinds";
import { describe, expect, it } from "vitest";
import { createdAt, runtimePod, type RuntimeTraits } from "../../test/pool-objects.ts";
import { jupyterContainer } from "../runtime/names.ts";
import { parseRuntime } from "../runtime/runtime.ts";
import { planStart } from "./plan-start.ts";

const deadline = Date.parse(createdAt) / 1000 + 300;

function waitingFor(reason: string): Pod["status"] {
  const state = { waiting: { reason } };
  return {
    containerStatuses: [
      { name: jupyterContainer, state, ready: false, restartCount: 0, image: "i", imageID: "" },
    ],
  };
}
const unschedulable: Pod["status"] = {
  conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "no node" }],
};

describe("the start of a runtime that was created for its user", () => {
  const cases: [string, RuntimeTraits, number, object][] = [
    ["is done when it is ready", { ready: true }, 1, { kind: "started" }],
    ["is waited for", {}, 40, { kind: "wait", lookAgainAfterMs: 260_000 }],
    ["fails when its time is over", {}, 300, { kind: "failed", detail: "it did not become ready in time" }],
    [
      "gets half a minute for its image",
      { status: waitingFor("ErrImagePull") },
      10,
      { kind: "wait", lookAgainAfterMs: 20_000 },
    ],
    [
      "fails with an image that does not come",
      { status: waitingFor("ErrImagePull") },
      30,
      { kind: "failed" },
    ],
    [
      "waits for a node till the end",
      { status: unschedulable },
      200,
      { kind: "wait", lookAgainAfterMs: 100_000 },
    ],
    [
      "says that no node fits",
      { status: unschedulable },
      300,
      { kind: "failed", detail: "Pod runtime-a: no node" },
    ],
    ["fails when the Pod has ended", { ended: true }, 1, { kind: "failed", detail: "its Pod has ended" }],
  ];
  it.each(cases)("%s", (_, traits, ageSeconds, plan) => {
    const runtime = parseRuntime(runtimePod("a", { state: "assigned", ready: false, ...traits }))!;
    expect(
      planStart(runtime, { deadline, held: undefined }, Date.parse(createdAt) + ageSeconds * 1000),
    ).toMatchObject(plan);
  });

  it.each([
    ["is waited for while its Route does not lead to it", 40, { kind: "wait", lookAgainAfterMs: 1_000 }],
    ["fails when it is never reached", 300, { kind: "failed", detail: "no Route" }],
  ])("%s", (_, ageSeconds, plan) => {
    const runtime = parseRuntime(runtimePod("a", { state: "assigned", ready: true }))!;
    const terms = { deadline, held: "no Route" };
    expect(planStart(runtime, terms, Date.parse(createdAt) + ageSeconds * 1000)).toEqual(plan);
  });
});
