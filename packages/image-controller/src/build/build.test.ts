import type { Job, Pod } from "@datalayer/shared/kube/kinds";
import { describe, expect, it } from "vitest";
import { digest, hash } from "../../test/builders.ts";
import { annotation } from "../image/names.ts";
import { isHeldUp, parseBuild } from "./build.ts";

const at = "2026-01-01T00:00:00Z";
const later = "2026-01-01T00:05:00Z";

type Ended = { type: "Complete" | "Failed"; reason?: string };

function job(ended?: Ended): Job {
  const annotations = {
    [annotation.inputsHash]: hash,
    [annotation.attempt]: "2",
    [annotation.repository]: "r.example/team/app",
  };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: "app-1-2",
      namespace: "b",
      uid: "u",
      resourceVersion: "1",
      creationTimestamp: at,
      annotations,
    },
    status: ended && { conditions: [{ ...ended, status: "True", lastTransitionTime: later }] },
  };
}

function pod(status: Pod["status"]): Pod {
  const metadata = { name: "p", namespace: "b", uid: "p", resourceVersion: "1", creationTimestamp: at };
  return { apiVersion: "v1", kind: "Pod", metadata, status };
}

function container(terminated: { exitCode: number; reason?: string; message?: string }): Pod {
  const state = { terminated: { startedAt: at, ...terminated } };
  const status = { name: "build", image: "", imageID: "", ready: false, restartCount: 0, state };
  return pod({ phase: "Failed", containerStatuses: [status] });
}

function leavingPod(): Pod {
  const leaving = pod({ phase: "Running" });
  leaving.metadata.deletionTimestamp = later;
  leaving.spec = { containers: [], nodeName: "n1" };
  return leaving;
}

function runningPod(): Pod {
  const state = { running: { startedAt: at } };
  const status = { name: "build", image: "", imageID: "", ready: true, restartCount: 0, state };
  return pod({ phase: "Running", containerStatuses: [status] });
}

const failed: Ended = { type: "Failed", reason: "BackoffLimitExceeded" };

describe("a Job and its Pod", () => {
  it("say what is built, and where", () => {
    expect(parseBuild(job(), [])).toMatchObject({
      hash,
      attempt: 2,
      repository: { host: "r.example", repository: "team/app" },
      state: { kind: "running" },
    });
  });

  it("say that a build ended well, with the digest where its Pod is left", () => {
    const ended = container({ exitCode: 0, message: `${digest("a")}\n` });
    const complete = job({ type: "Complete" });
    expect(parseBuild(complete, [ended])?.state).toEqual({
      kind: "succeeded",
      digest: digest("a"),
      startedAt: at,
      finishedAt: later,
    });
    expect(parseBuild(complete, [])?.state).toMatchObject({ kind: "succeeded", digest: undefined });
    const garbled = container({ exitCode: 0, message: "sha256:1" });
    expect(parseBuild(complete, [garbled])?.state).toMatchObject({ digest: undefined });
  });

  it("say so as soon as the Pod does, once it says what it has pushed", () => {
    const state = (message: string, phase = "Succeeded") => {
      const terminated = { exitCode: 0, startedAt: at, finishedAt: later, message };
      const status = { name: "build", image: "", imageID: "", ready: false, restartCount: 0 };
      return parseBuild(job(), [pod({ phase, containerStatuses: [{ ...status, state: { terminated } }] })])
        ?.state;
    };
    const succeeded = { kind: "succeeded", digest: digest("a"), startedAt: at, finishedAt: later };
    expect(state(digest("a"))).toEqual(succeeded);
    expect(state("nothing")?.kind).toBe("running");
    expect(state(digest("a"), "Failed")?.kind).toBe("running");
  });

  const passing = (reason: string) => ({ reason, isPassing: true });
  const lasting = (reason: string) => ({ reason, isPassing: false });
  const disrupted = (reason: string, message = ""): Pod =>
    pod({ phase: "Failed", conditions: [{ type: "DisruptionTarget", status: "True", reason, message }] });

  it.each<[string, Ended, Pod | undefined, { reason: string; isPassing: boolean }]>([
    [
      "its memory was not enough",
      failed,
      container({ exitCode: 137, reason: "OOMKilled" }),
      passing("OutOfMemory"),
    ],
    ["it was killed", failed, container({ exitCode: 137 }), passing("JobLost")],
    [
      "it was evicted",
      failed,
      pod({ phase: "Failed", reason: "Evicted", message: "memory" }),
      passing("Evicted"),
    ],
    [
      "its disk was not enough",
      failed,
      pod({ phase: "Failed", reason: "Evicted", message: "ephemeral-storage" }),
      passing("OutOfDisk"),
    ],
    [
      "a volume of it was not enough",
      failed,
      pod({
        phase: "Failed",
        reason: "Evicted",
        message: 'Usage of EmptyDir volume "state" exceeds the limit "768Mi". ',
      }),
      passing("OutOfDisk"),
    ],
    ["its node was lost", failed, disrupted("DeletionByTaintManager"), passing("NodeLost")],
    ["its Pod was collected", failed, disrupted("DeletionByPodGC"), passing("NodeLost")],
    ["it was preempted", failed, disrupted("PreemptionByScheduler"), passing("Evicted")],
    [
      "kubelet ended it",
      failed,
      disrupted("TerminationByKubelet", "node is low on disk"),
      passing("OutOfDisk"),
    ],
    ["its Pod is gone", failed, undefined, passing("JobLost")],
    [
      "its Pod took too long",
      failed,
      pod({ phase: "Failed", reason: "DeadlineExceeded" }),
      lasting("TimedOut"),
    ],
    ["it took too long", { type: "Failed", reason: "DeadlineExceeded" }, undefined, lasting("TimedOut")],
    [
      "a command failed",
      failed,
      container({ exitCode: 1, message: "error: exit code: 1" }),
      lasting("BuildFailed"),
    ],
  ])("say why it failed: %s", (_, ended, ofJob, expected) => {
    const { state } = parseBuild(job(ended), ofJob ? [ofJob] : [])!;
    expect(state).toMatchObject({ kind: "failed", ...expected, finishedAt: later });
  });

  it("say why it fails as soon as the Pod does, which may be gone when the Job does", () => {
    const evicted = disrupted("EvictionByEvictionAPI");
    evicted.status = { ...evicted.status, phase: "Running" };
    expect(parseBuild(job(), [evicted])?.state).toMatchObject({
      kind: "running",
      foreseen: passing("Evicted"),
    });
    const ended = container({ exitCode: 1, message: "error: exit code: 1" });
    expect(parseBuild(job(), [ended])?.state).toMatchObject({
      kind: "running",
      foreseen: { ...lasting("BuildFailed"), log: "error: exit code: 1" },
    });
    expect(parseBuild(job(failed), [ended])?.state).toMatchObject({ isPodGone: false });
    expect(parseBuild(job(failed), [])?.state).toMatchObject({ isPodGone: true });
  });

  it("say what a build waits for before it begins", () => {
    const conditions = [{ type: "PodScheduled", status: "False", message: "0/3 nodes are available" }];
    expect(parseBuild(job(), [pod({ phase: "Pending", conditions })])?.state).toMatchObject({
      waitsFor: "0/3 nodes are available",
    });
  });

  it("say where to read why there is no Pod, and which node does not let go of one", () => {
    const without = job();
    without.status = { startTime: at };
    expect(parseBuild(without, [])?.state).toMatchObject({
      waitsFor: expect.stringContaining(`Events of the Job "${without.metadata.name}"`) as string,
    });
    expect(parseBuild(job(), [leavingPod()])?.state).toMatchObject({
      waitsFor: 'the end of its Pod on "n1", which is being deleted.',
    });
  });

  it.each<[string, Pod[], string | undefined]>([
    ["has no Pod", [], at],
    ["has not begun", [pod({ phase: "Pending" })], at],
    ["runs", [runningPod()], undefined],
    ["is leaving", [leavingPod()], later],
  ])("are held up ten minutes after they could have gone on: %s", (_, pods, since) => {
    const build = parseBuild(job(), pods)!;
    const minute = 60_000;
    const fromMs = Date.parse(since ?? at);
    expect(isHeldUp(build, fromMs + 10 * minute)).toBe(false);
    expect(isHeldUp(build, fromMs + 11 * minute)).toBe(since !== undefined);
  });

  it("are none of ours without what they build", () => {
    const foreign = job();
    delete foreign.metadata.annotations;
    expect(parseBuild(foreign, [])).toBeUndefined();
  });
});
