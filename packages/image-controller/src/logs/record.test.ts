import { randomBytes } from "node:crypto";
import type { ConfigMap, Job } from "@datalayer/shared/kube/kinds";
import { describe, expect, it } from "vitest";
import { hash, storedImage } from "../../test/builders.ts";
import { attemptJob } from "../../test/jobs.ts";
import { annotation } from "../image/names.ts";
import { logIn, recordOf, recordsToDrop } from "./record.ts";

const image = storedImage();

function record(attempt: number, { log = "", succeeded = false, minute = attempt } = {}): ConfigMap {
  const name = `jupyter-${hash.slice(0, 10)}-${attempt}`;
  const lastTransitionTime = `2026-01-01T00:${String(minute).padStart(2, "0")}:00Z`;
  const conditions = [{ type: succeeded ? "Complete" : "Failed", status: "True", lastTransitionTime }];
  const made = attemptJob(image, name);
  const creationTimestamp = "2026-01-01T00:00:00Z";
  const job = { ...made, metadata: { ...made.metadata, creationTimestamp }, status: { conditions } } as Job;
  const manifest = recordOf({ image, name }, { job, log, endedAt: lastTransitionTime });
  const stored = { uid: `uid-${attempt}`, resourceVersion: "1", creationTimestamp };
  return { ...manifest, metadata: { ...manifest.metadata, ...stored } };
}

describe("a record", () => {
  it("holds the log of its attempt, and says which it was", () => {
    const { metadata, immutable, binaryData } = record(3, { log: "one\ntwo\n" });
    expect(logIn({ metadata, binaryData } as ConfigMap)).toBe("one\ntwo\n");
    expect(metadata).toMatchObject({
      name: `jupyter-${hash.slice(0, 10)}-3-record`,
      annotations: { [annotation.inputsHash]: hash, [annotation.attempt]: "3" },
      ownerReferences: [{ uid: image.metadata.uid, controller: true }],
    });
    expect(immutable).toBe(true);
  });

  it("fits into an object whatever the log is", () => {
    const lines = Array.from({ length: 40_000 }, () => randomBytes(32).toString("base64"));
    const { binaryData = {} } = record(1, { log: `first\n${lines.join("\n")}\nlast\n` });
    const size = Object.values(binaryData).reduce((sum, text) => sum + text.length, 0);
    expect(size).toBeLessThan(1024 * 1024);
    const log = logIn(record(1, { log: `first\n${lines.join("\n")}\nlast\n` }));
    expect(log).toMatch(/^first\n[^]*\n\[\d+ lines are left out here\]\n[^]*\nlast\n$/);
  });
});

describe("the records that go", () => {
  const namesOf = (records: ConfigMap[]): number[] =>
    records.map(({ metadata }) => Number(metadata.annotations?.[annotation.attempt])).sort();

  it("are those for which the history has no place, the oldest first, by how they ended", () => {
    const records = [
      record(1, { succeeded: true }),
      record(2),
      record(3),
      record(4, { succeeded: true }),
      record(5),
      record(6),
    ];
    expect(namesOf(recordsToDrop(records, { succeeded: 1, failed: 2 }))).toEqual([1, 2, 3]);
    expect(namesOf(recordsToDrop(records, undefined))).toEqual([2]);
  });

  it("are never that of the newest attempt", () => {
    const records = [record(1), record(2, { succeeded: true })];
    expect(namesOf(recordsToDrop(records, { succeeded: 0, failed: 1 }))).toEqual([]);
    expect(namesOf(recordsToDrop([...records, record(3)], { succeeded: 0, failed: 1 }))).toEqual([1, 2]);
  });

  it("are the same in whatever order they come, also within one second", () => {
    const records = [1, 2, 3].map((attempt) => record(attempt, { minute: 1 }));
    for (const order of [records, records.toReversed()])
      expect(namesOf(recordsToDrop(order, { failed: 1 }))).toEqual([1, 2]);
  });
});
