import type { Pod } from "@datalayer/shared/kube/kinds";
import { describe, expect, it } from "vitest";
import { runtimePod } from "../../test/pool-objects.ts";
import { startFailureOf } from "./start-failure.ts";

type Status = Pod["status"];
type State = NonNullable<NonNullable<NonNullable<Status>["containerStatuses"]>[number]["state"]>;

const container = (state: State, restartCount = 0): Status => ({
  phase: "Pending",
  containerStatuses: [{ name: "jupyter", image: "i", imageID: "", ready: false, restartCount, state }],
});
const init = (state: State, lastState?: State, ready = false): Status => ({
  phase: "Pending",
  initContainerStatuses: [
    { name: "content-0", image: "i", imageID: "", ready, restartCount: 1, state, lastState },
  ],
});
const wrongHash: State = { terminated: { exitCode: 1, reason: "Error", message: "wrong SHA-256\n" } };
const waiting = (reason: string, message?: string): Status => container({ waiting: { reason, message } });

// As kubelet 1.37 and the scheduler write them.
const unschedulable: Status = {
  phase: "Pending",
  conditions: [
    {
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message: "0/1 nodes are available: 1 Insufficient cpu.",
    },
  ],
};
const pullMessage =
  'failed to pull and unpack image "r/x:1": failed to resolve reference "r/x:1": r/x:1: not found';

describe("a Pod that does not start", () => {
  const table: [string, Status, string, string][] = [
    [
      "says that its image cannot be pulled",
      waiting("ErrImagePull", pullMessage),
      "ImagePullFailed",
      `container jupyter of Pod runtime-a: ErrImagePull: ${pullMessage}`,
    ],
    [
      "says so also while kubelet backs off",
      waiting("ImagePullBackOff", 'Back-off pulling image "r/x:1"'),
      "ImagePullFailed",
      'container jupyter of Pod runtime-a: ImagePullBackOff: Back-off pulling image "r/x:1"',
    ],
    [
      "says that the name of its image is invalid",
      waiting("InvalidImageName", 'Failed to apply default image tag "${X}/y"'),
      "ImagePullFailed",
      'container jupyter of Pod runtime-a: InvalidImageName: Failed to apply default image tag "${X}/y"',
    ],
    [
      "says that its container crashes",
      container(
        { waiting: { reason: "CrashLoopBackOff", message: "back-off 10s restarting failed container" } },
        2,
      ),
      "CrashLooping",
      "container jupyter of Pod runtime-a: CrashLoopBackOff: back-off 10s restarting failed container",
    ],
    [
      "says that its container cannot be run",
      waiting("RunContainerError", 'exec: "x": executable file not found in $PATH'),
      "CrashLooping",
      'container jupyter of Pod runtime-a: RunContainerError: exec: "x": executable file not found in $PATH',
    ],
    [
      "says that a Secret or user is missing",
      waiting("CreateContainerConfigError", 'secret "x" not found'),
      "ContainerConfigInvalid",
      'container jupyter of Pod runtime-a: CreateContainerConfigError: secret "x" not found',
    ],
    [
      "gives the reason alone when kubelet says no more",
      waiting("ErrImageNeverPull"),
      "ImagePullFailed",
      "container jupyter of Pod runtime-a: ErrImageNeverPull",
    ],
    [
      "says what its init container said when it failed",
      init(wrongHash),
      "InitContainerFailed",
      "init container content-0 of Pod runtime-a: wrong SHA-256",
    ],
    [
      "says so also while kubelet backs off from its init container",
      init({ waiting: { reason: "CrashLoopBackOff", message: "back-off 10s" } }, wrongHash),
      "InitContainerFailed",
      "init container content-0 of Pod runtime-a: wrong SHA-256",
    ],
    [
      "says so also while its init container tries again",
      init({ running: {} }, wrongHash),
      "InitContainerFailed",
      "init container content-0 of Pod runtime-a: wrong SHA-256",
    ],
    [
      "gives the exit code of an init container that said nothing",
      init({ terminated: { exitCode: 137, reason: "OOMKilled" } }),
      "InitContainerFailed",
      "init container content-0 of Pod runtime-a: exit code 137: OOMKilled",
    ],
    [
      "says that the image of its init container cannot be pulled",
      init({ waiting: { reason: "ErrImagePull", message: "not found" } }),
      "ImagePullFailed",
      "init container content-0 of Pod runtime-a: ErrImagePull: not found",
    ],
    [
      "says that no node fits",
      unschedulable,
      "Unschedulable",
      "Pod runtime-a: 0/1 nodes are available: 1 Insufficient cpu.",
    ],
  ];
  it.each(table)("%s", (_, status, reason, message) => {
    expect(startFailureOf(runtimePod("a", { status }))).toEqual({ reason, message });
  });
});

describe("a Pod that may still start", () => {
  const table: [string, Status][] = [
    ["has no status yet", undefined],
    ["is being created", waiting("ContainerCreating")],
    ["is being initialised", waiting("PodInitializing")],
    ["runs", { ...container({ running: {} }), phase: "Running" }],
    ["crashed for the first time", container({ terminated: { exitCode: 1, reason: "Error" } })],
    ["runs its init container", init({ running: {} })],
    ["has run its init container", init({ terminated: { exitCode: 0 } }, wrongHash, true)],
    ["is scheduled", { conditions: [{ type: "PodScheduled", status: "True" }] }],
    [
      "waits behind a scheduling gate",
      { conditions: [{ type: "PodScheduled", status: "False", reason: "SchedulingGated" }] },
    ],
  ];
  it.each(table)("%s", (_, status) => {
    expect(startFailureOf(runtimePod("a", { status }))).toBeUndefined();
  });
});
