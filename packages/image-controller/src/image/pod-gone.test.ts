import type { Image } from "@datalayer/shared/crds/image";
import type { Job, Pod } from "@datalayer/shared/kube/kinds";
import { describe, expect, it } from "vitest";
import { hash, look, storedImage } from "../../test/builders.ts";
import { parseBuild } from "../build/build.ts";
import { annotation } from "./names.ts";
import { planImage } from "./plan.ts";
import { reportImage } from "./status.ts";

const nowMs = Date.parse("2026-01-01T01:00:00Z");
const begunAt = "2026-01-01T00:58:00Z";
const endedAt = "2026-01-01T00:59:59Z";

function job(name: string, isOver: boolean): Job {
  const annotations = {
    [annotation.inputsHash]: hash,
    [annotation.attempt]: name.replace(/^.*-/, ""),
    [annotation.repository]: "r.example/team/app",
  };
  const failed = {
    type: "Failed",
    status: "True",
    reason: "BackoffLimitExceeded",
    lastTransitionTime: endedAt,
  };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      ...{ name, namespace: "builds", uid: name, resourceVersion: "1", creationTimestamp: begunAt },
      annotations,
    },
    status: { startTime: begunAt, ...(isOver && { conditions: [failed] }) },
  };
}

function pod(status: Pod["status"]): Pod {
  const metadata = {
    name: "p",
    namespace: "builds",
    uid: "p",
    resourceVersion: "1",
    creationTimestamp: begunAt,
  };
  return { apiVersion: "v1", kind: "Pod", metadata, status };
}

const container = (terminated: { exitCode: number; reason?: string; message?: string }) => ({
  name: "build",
  ...{ image: "", imageID: "", ready: false, restartCount: 0 },
  state: { terminated: { startedAt: begunAt, ...terminated } },
});

const disrupted = (reason: string) => [{ type: "DisruptionTarget", status: "True", reason }];

/** Reports on an Image whose builds are these; answers with the Image as it is then. */
function report(image: Image, builds: readonly [Job, Pod | undefined][]): Image {
  const observed = {
    image,
    look,
    conflict: undefined,
    builds: builds.flatMap(([one, its]) => parseBuild(one, its ? [its] : []) ?? []),
    inputs: [],
    holding: { kind: "absent" },
    trigger: "Created",
    isNext: true,
  } as const;
  const { status } = reportImage(observed, planImage(observed, nowMs), { nowMs, lookInMs: Infinity });
  return { ...image, status };
}

const name = "app-0123456789-1";
const [running, over] = [job(name, false), job(name, true)];

describe("why a build failed is known", () => {
  it.each<[string, string, string, Pod]>([
    [
      "it was evicted",
      "Evicted",
      "BackingOff",
      pod({ phase: "Running", conditions: disrupted("EvictionByEvictionAPI") }),
    ],
    [
      "its node was lost",
      "NodeLost",
      "BackingOff",
      pod({ phase: "Running", conditions: disrupted("DeletionByTaintManager") }),
    ],
    [
      "its memory was not enough",
      "OutOfMemory",
      "BackingOff",
      pod({ phase: "Failed", containerStatuses: [container({ exitCode: 137, reason: "OOMKilled" })] }),
    ],
    [
      "a command failed",
      "BuildFailed",
      "Stalled",
      pod({
        phase: "Failed",
        containerStatuses: [container({ exitCode: 1, message: "error: exit code: 1" })],
      }),
    ],
  ])("though its Pod went before the Job said that it had ended: %s", (_, reason, phase, its) => {
    const seen = report(storedImage(), [[running, its]]);
    expect(seen.status).toMatchObject({ phase: "Building", build: { job: name, reason } });
    expect(seen.status?.build?.finishedAt).toBeUndefined();
    expect(seen.status?.history).toEqual([]);
    const gone = report(seen, [[running, undefined]]);
    const { status } = report(gone, [[over, undefined]]);
    expect(status).toMatchObject({ phase, build: { reason, finishedAt: endedAt }, history: [{ reason }] });
  });

  it("with the end of its log, though its Pod went after that, and while the next attempt runs", () => {
    const its = pod({
      phase: "Failed",
      reason: "Evicted",
      containerStatuses: [container({ exitCode: 137, message: "last words" })],
    });
    const failed = report(storedImage(), [[over, its]]);
    const { status } = report(failed, [[over, undefined]]);
    expect(status?.build).toEqual(failed.status?.build);
    expect(status?.build).toMatchObject({ reason: "Evicted", logTail: "last words" });
    const next = job("app-0123456789-2", false);
    expect(
      report({ ...failed, status }, [
        [next, undefined],
        [over, undefined],
      ]).status,
    ).toMatchObject({
      build: { job: next.metadata.name, attempt: 2 },
      history: [{ job: name, reason: "Evicted" }],
    });
  });

  it("not at all where nobody has seen its Pod", () => {
    const { status } = report(storedImage(), [[over, undefined]]);
    expect(status).toMatchObject({ phase: "BackingOff", build: { reason: "JobLost" } });
  });
});
