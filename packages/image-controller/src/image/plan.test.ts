import type { Image } from "@datalayer/shared/crds/image";
import { describe, expect, it } from "vitest";
import { digest, hash, look, type PartialSpec, repository, storedImage } from "../../test/builders.ts";
import type { Build, BuildState } from "../build/build.ts";
import type { Holding } from "../published/holding.ts";
import { mediaType } from "../registry/manifest.ts";
import type { Look } from "../resolve/looks.ts";
import { lasting, passing } from "./fault.ts";
import { wish } from "./names.ts";
import type { ImageObservation } from "./observation.ts";
import { planImage, type Step } from "./plan.ts";

const nowMs = Date.parse("2026-01-01T01:00:00Z");
const justNow = "2026-01-01T00:59:59Z";
const longAgo = "2026-01-01T00:00:00Z";
const older = "fedcba9876543210".repeat(4);
const manifest = { digest: digest("a"), mediaType: mediaType.ociManifest, bytes: Buffer.from("{}") };
const held: Holding = {
  kind: "held",
  built: {
    pushed: { ...manifest, content: { kind: "index", manifests: [] } },
    image: manifest,
    isImagePushed: true,
    manifestDigests: [],
    sizeBytes: 1,
  },
  moves: [{ reference: "latest", manifest }],
};
const absent: Holding = { kind: "absent" };

function build(state: Partial<BuildState> & Pick<BuildState, "kind">, more: Partial<Build> = {}): Build {
  const { attempt = 1, hash: of = hash } = more;
  return {
    name: `app-${of.slice(0, 10)}-${attempt}`,
    namespace: "builds",
    uid: `${of}-${attempt}`,
    hash: of,
    attempt,
    repository,
    createdAt: longAgo,
    isGoing: false,
    ...more,
    state: { finishedAt: longAgo, ...state } as BuildState,
  };
}

const running = { kind: "running" } as const;
const succeeded = { kind: "succeeded", digest: digest("a") } as const;
const oom = { kind: "failed", reason: "OutOfMemory", message: "m", isPassing: true, log: "" } as const;
const broken = { kind: "failed", reason: "BuildFailed", message: "m", isPassing: false, log: "" } as const;

interface Case extends Partial<Omit<ImageObservation, "image">> {
  spec?: PartialSpec;
  status?: Image["status"];
  annotations?: Record<string, string>;
}

function observe({ spec, status, annotations, ...more }: Case): ImageObservation {
  const image = storedImage(spec, { name: "app", status });
  if (annotations) image.metadata.annotations = annotations;
  const none = { conflict: undefined, builds: [], inputs: [], holding: absent } as const;
  return { image, look, trigger: "Created", isNext: true, ...none, ...more };
}

const unresolved: Look = { ...look, resolved: undefined, fault: passing("SourceUnavailable", "away").fault };
const refused: Look = { dueAtMs: Infinity, fault: lasting("RegistryNotSet", "unset").fault };
const was = (reason: string, finishedAt?: string): Image["status"] => ({
  build: { inputsHash: hash, job: "app-0123456789-1", attempt: 1, reason, finishedAt },
});

describe("what is done next", () => {
  it.each<[string, Case, Partial<Step>]>([
    ["nothing, as long as the spec is refused", { look: refused }, { kind: "blocked", during: "Pending" }],
    [
      "nothing, as long as the source does not answer",
      { look: unresolved },
      { kind: "blocked", during: "Resolving" },
    ],
    [
      "nothing, as long as another Image has the tag",
      { conflict: { tag: "latest", owner: "b/o" } },
      { kind: "blocked" },
    ],
    [
      "a look at the registry, before anything else",
      { holding: undefined },
      { kind: "blocked", during: "Verifying" },
    ],
    [
      "nothing, as long as the registry does not answer",
      { holding: { kind: "fault", fault: passing("RegistryUnavailable", "").fault } },
      { kind: "blocked", during: "Verifying" },
    ],
    ["it is built, when it is its turn", {}, { kind: "build", attempt: 1 }],
    ["it is queued, when it is not", { isNext: false }, { kind: "queue" }],
    ["nothing is built, when the registry has it", { holding: held }, { kind: "publish" }],
    [
      "nothing is built, when it is suspended",
      { spec: { policy: { suspend: true } } },
      { kind: "suspended" },
    ],
    [
      "it is published although it is suspended",
      { spec: { policy: { suspend: true } }, holding: held },
      { kind: "publish" },
    ],
    [
      "nothing is built that was cancelled",
      { annotations: { [wish.cancelled]: hash } },
      { kind: "cancelled" },
    ],
    [
      "what was published cannot be cancelled",
      { annotations: { [wish.cancelled]: hash }, holding: held },
      { kind: "publish" },
    ],
    [
      "what was cancelled once does not stop other inputs",
      { annotations: { [wish.cancelled]: older } },
      { kind: "build" },
    ],
    ["its build is waited for", { builds: [build(running)], holding: undefined }, { kind: "watch" }],
    [
      "its build is waited for, though the source does not answer",
      { look: unresolved, builds: [build(running)], holding: undefined },
      { kind: "watch" },
    ],
    [
      "its build is published, though the source does not answer",
      { look: unresolved, builds: [build(succeeded)], holding: held },
      { kind: "publish" },
    ],
    [
      "it is published, whatever became of the Job",
      { builds: [build(oom)], holding: held },
      { kind: "publish" },
    ],
    [
      "it is built again, when it was just ended for other inputs",
      { status: was("Superseded", justNow) },
      { kind: "build", attempt: 2 },
    ],
    [
      "it waits after a passing failure",
      { builds: [build({ ...oom, finishedAt: justNow })] },
      { kind: "back-off" },
    ],
    ["it is built again when that is over", { builds: [build(oom)] }, { kind: "build", attempt: 2 }],
    ["it is not built again after a lasting failure", { builds: [build(broken)] }, { kind: "failed" }],
    [
      "a failure of other inputs does not matter",
      { builds: [build(broken, { hash: older })] },
      { kind: "build", attempt: 1 },
    ],
    [
      "it waits when the registry has nothing of what ended well",
      { builds: [build({ ...succeeded, finishedAt: justNow })] },
      { kind: "back-off" },
    ],
    [
      "it waits when its Job is gone",
      { status: { build: { inputsHash: hash, job: "app-0123456789-1", attempt: 1 } } },
      { kind: "back-off" },
    ],
    [
      "a lasting failure stays one without its Job",
      { status: was("BuildFailed", longAgo) },
      { kind: "failed" },
    ],
    [
      "a passing failure is over without its Job, too",
      { status: was("OutOfMemory", longAgo) },
      { kind: "build", attempt: 2 },
    ],
    [
      "an attempt has a number that none had",
      {
        builds: [build(oom, { attempt: 4 })],
        status: { history: [{ job: "app-0123456789-6", inputsHash: hash, reason: "JobLost" }] },
        spec: { policy: { retries: 10 } },
      },
      { kind: "build", attempt: 7 },
    ],
    [
      "it is tried once an hour when it was tried often enough",
      { builds: [build({ ...oom, finishedAt: "2026-01-01T00:10:00Z" }, { attempt: 3 })] },
      { kind: "back-off" },
    ],
    [
      "a build for older inputs goes first, where they follow one another",
      {
        spec: { policy: { concurrency: "Serial" } },
        builds: [build(running, { hash: older })],
        holding: undefined,
      },
      { kind: "watch" },
    ],
    [
      "it is published then",
      {
        spec: { policy: { concurrency: "Serial" } },
        builds: [build(succeeded, { hash: older })],
        holding: held,
      },
      { kind: "publish" },
    ],
    [
      "it is dropped when the registry has nothing of it",
      { spec: { policy: { concurrency: "Serial" } }, builds: [build(succeeded, { hash: older })] },
      { kind: "drop" },
    ],
    [
      "a failed one does not go first",
      { spec: { policy: { concurrency: "Serial" } }, builds: [build(broken, { hash: older })] },
      { kind: "build" },
    ],
  ])("%s", (_, given, expected) => {
    expect(planImage(observe(given), nowMs).step).toMatchObject(expected);
  });

  it("grows slower with every attempt, and never waits for longer than an hour and a bit", () => {
    const until = (attempt: number): number => {
      const failed = build({ ...oom, finishedAt: justNow }, { attempt });
      const { step } = planImage(observe({ spec: { policy: { retries: 5 } }, builds: [failed] }), nowMs);
      return step.kind === "back-off" ? step.untilMs - nowMs : 0;
    };
    const waits = [1, 2, 3, 4, 5, 6].map(until);
    expect(waits).toEqual(waits.toSorted((a, b) => a - b));
    expect(waits[0]).toBeGreaterThan(8_000);
    expect(waits[5]).toBeLessThan(3_600_000 * 1.2);
  });
});

describe("what is removed", () => {
  const removedOf = (given: Case): unknown[] =>
    planImage(observe(given), nowMs).removed.map(({ build: one, reason }) => [
      one.hash.slice(0, 4),
      one.attempt,
      reason,
    ]);

  it.each<[string, Case, unknown[]]>([
    ["a build for other inputs", { builds: [build(running, { hash: older })] }, [["fedc", 1, "Superseded"]]],
    [
      "none, where builds follow one another",
      { spec: { policy: { concurrency: "Serial" } }, builds: [build(running, { hash: older })] },
      [],
    ],
    [
      "none, as long as it is not known what is built next",
      { look: unresolved, builds: [build(running, { hash: older })] },
      [],
    ],
    ["none that is going anyway", { builds: [build(running, { hash: older, isGoing: true })] }, []],
    [
      "a build that was cancelled",
      { builds: [build(running)], annotations: { [wish.cancelled]: hash } },
      [["0123", 1, "Cancelled"]],
    ],
    [
      "failed ones beyond as many as are kept",
      {
        spec: { history: { failed: 1 } },
        builds: [build(oom, { attempt: 3 }), build(oom, { attempt: 2 }), build(oom)],
      },
      [
        ["0123", 2, undefined],
        ["0123", 1, undefined],
      ],
    ],
    [
      "not the newest one before it is published",
      { spec: { history: { succeeded: 0 } }, builds: [build(succeeded)], holding: held },
      [],
    ],
    [
      "the newest one when it is",
      {
        spec: { history: { succeeded: 0 } },
        builds: [build(succeeded)],
        holding: held,
        status: { published: [{ inputsHash: hash, repository: "r.example/team/app", digest: digest("a") }] },
      },
      [["0123", 1, undefined]],
    ],
  ])("%s", (_, given, expected) => {
    expect(removedOf(given)).toEqual(expected);
  });

  it("is what no build reads any more", () => {
    const inputs = [
      { name: "app-0123456789-1", uid: "1" },
      { name: "app-0123456789-2", uid: "2" },
    ];
    const builds = [build(running, { attempt: 2 }), build(oom)];
    expect(planImage(observe({ builds, inputs, holding: undefined }), nowMs).removedInputs).toEqual([
      inputs[0],
    ]);
    // An attempt that was interrupted goes on with what it has made.
    expect(planImage(observe({ inputs }), nowMs).removedInputs).toEqual([]);
  });
});
