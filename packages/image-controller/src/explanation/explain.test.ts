import type { Image, ImageStatus } from "@datalayer/shared/crds/image";
import { imageReason } from "@datalayer/shared/crds/image";
import { describe, expect, it } from "vitest";
import { type PartialSpec, storedImage } from "../../test/builders.ts";
import { explain } from "./explain.ts";

const job = "jupyter-0123456789-2";

function imageWith(status: ImageStatus, spec: PartialSpec = {}): Image {
  return storedImage(spec, { status });
}

function condition(type: string, status: "True" | "False" | "Unknown", reason: string, message = "") {
  return { type, status, reason, message, lastTransitionTime: "2026-01-01T00:00:00Z", observedGeneration: 1 };
}

describe("what an Image is built from", () => {
  const url = "https://git.example/team/app.git";
  it.each<[PartialSpec["source"], string]>([
    [{ git: { url } }, "the default branch of https://git.example/team/app.git."],
    [
      { git: { url, revision: "v2", subPath: "images/a" } },
      "v2 of https://git.example/team/app.git, folder images/a.",
    ],
    [
      { archive: { url: "https://files.example/a.tar.gz", sha256: "0".repeat(64) } },
      "the archive https://files.example/a.tar.gz.",
    ],
    [{ environment: { base: "r.example/debian:12" } }, "a list of packages, on r.example/debian:12."],
    [{ inline: { dockerfile: "FROM a" } }, "the Dockerfile in its spec."],
  ])("is said: %j", (source, words) => {
    const image = imageWith({}, { ...(source && { source }) });
    expect(explain(image).source).toBe(`It is built from ${words}`);
  });
});

describe("what happens to an Image", () => {
  it.each<[ImageStatus, string]>([
    [{}, "The controller has not looked at it yet."],
    [{ phase: "Pending" }, "It waits to be looked at."],
    [
      { phase: "Queued", build: { queuedAt: "2026-01-01T00:00:00Z" } },
      "It waits for its turn to be built since 2026-01-01T00:00:00Z.",
    ],
    [
      { phase: "Building", build: { job, attempt: 2, startedAt: "2026-01-01T00:00:00Z" } },
      `Attempt 2, by Job ${job}, runs since 2026-01-01T00:00:00Z.`,
    ],
    [
      { phase: "Ready", image: "r.example/a@sha256:1", tags: ["latest", "v2"] },
      "It is published as r.example/a@sha256:1, under the tags latest, v2.",
    ],
    [
      {
        phase: "BackingOff",
        nextAttemptAt: "2026-01-01T01:00:00Z",
        build: { job, attempt: 2, message: "the node went away" },
      },
      `Attempt 2, by Job ${job}, failed for a reason that may pass: the node went away. It is tried again at 2026-01-01T01:00:00Z.`,
    ],
    [
      {
        phase: "Stalled",
        build: { job, attempt: 2, finishedAt: "2026-01-01T00:00:00Z", reason: "BuildFailed" },
      },
      `Attempt 2, by Job ${job}, failed: BuildFailed. Nothing is built until something is changed.`,
    ],
    [{ phase: "Stalled" }, "Nothing is built until something is changed."],
    [{ phase: "Suspended" }, "It is suspended: nothing new is built."],
  ])("is said: %j", (status, words) => expect(explain(imageWith(status)).state).toBe(words));

  it("is that it goes, when it does", () => {
    const image = imageWith({ phase: "Ready" });
    image.metadata.deletionTimestamp = "2026-01-01T00:00:00Z";
    expect(explain(image).state).toBe("It is being deleted.");
  });
});

describe("why an Image is not ready", () => {
  const failed = condition("BuildSucceeded", "False", imageReason.buildFailed, "RUN make: exit code 2");
  const notReady = condition("Ready", "False", imageReason.buildFailed, "RUN make: exit code 2");

  it("is the first condition that does not hold, with what can be done about it", () => {
    const found = condition("SourceResolved", "True", imageReason.sourceResolved);
    expect(explain(imageWith({ conditions: [notReady, failed, found] }))).toMatchObject({
      readiness: "It is not ready: RUN make: exit code 2",
      advice: "Read the log, which says what went wrong, and correct the source.",
    });
  });

  it("comes with what consumers have meanwhile", () => {
    const { readiness } = explain(
      imageWith({ image: "r.example/a@sha256:1", conditions: [failed, notReady] }),
    );
    expect(readiness).toBe("It is not ready: RUN make: exit code 2. Consumers go on with the build before.");
  });

  it("has no advice where there is nothing to do but wait", () => {
    const building = condition("Ready", "False", imageReason.building, "It is being built.");
    expect(explain(imageWith({ conditions: [building] })).advice).toBeUndefined();
  });

  it("is not known while the status speaks of an older spec", () => {
    const image = imageWith({ conditions: [notReady] });
    image.metadata.generation = 2;
    expect(explain(image).readiness).toBe("The controller has not looked at it in its present form yet.");
  });

  it("is no question when it is ready", () => {
    const ready = condition("Ready", "True", "Settled");
    expect(explain(imageWith({ conditions: [ready] })).readiness).toBe("It is ready.");
  });
});

it("says when something is done next", () => {
  const nextPollAt = "2026-01-01T00:05:00Z";
  expect(explain(imageWith({ nextPollAt })).next).toMatch(/looked at again at 2026-01-01T00:05:00Z/);
  expect(explain(imageWith({ nextPollAt, nextAttemptAt: "2026-01-01T00:01:00Z" })).next).toBe(
    "The next attempt begins at 2026-01-01T00:01:00Z.",
  );
  expect(explain(imageWith({})).next).toBeUndefined();
});
