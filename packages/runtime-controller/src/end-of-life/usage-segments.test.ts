import { describe, expect, it } from "vitest";
import { usage } from "../../test/usage.ts";
import {
  appendPatch,
  planAppend,
  planDrop,
  recordsOf,
  segmentManifest,
  segmentNameOf,
} from "./usage-segments.ts";

const segment = (number: number): string => `runtime-usage-${String(number).padStart(8, "0")}`;
const three = [usage("a"), usage("b"), usage("c")];

describe("the place of a usage record", () => {
  it.each([
    [1, segment(0)],
    [100, segment(0)],
    [101, segment(1)],
    [1_000_001, segment(10_000)],
  ])("%i is in %s", (sequence, name) => {
    expect(segmentNameOf(sequence)).toBe(name);
  });

  it.each<[string, number, { segment: string; first: number; count: number }]>([
    ["is the first when there are none", 0, { segment: segment(0), first: 1, count: 3 }],
    ["follows the last one", 41, { segment: segment(0), first: 42, count: 3 }],
    ["leaves to the next segment what does not fit", 98, { segment: segment(0), first: 99, count: 2 }],
    ["begins a segment when the last one is full", 200, { segment: segment(2), first: 201, count: 3 }],
  ])("%s", (_, last, expected) => {
    expect(planAppend(last, three)).toMatchObject(expected);
  });

  it("is tested to be free before anything is added", () => {
    const operations = appendPatch(planAppend(41, three));
    expect(operations[0]).toEqual({ op: "test", path: "/data/000000000042", value: null });
    expect(operations.slice(1).map(({ op, path }) => `${op} ${path}`)).toEqual([
      "add /data/000000000042",
      "add /data/000000000043",
      "add /data/000000000044",
    ]);
  });
});

describe("a segment of usage", () => {
  it("gives back the records in their order", () => {
    const metadata = { name: "s", uid: "u", resourceVersion: "1", creationTimestamp: "" };
    const { data } = segmentManifest("ns", planAppend(41, three));
    const shuffled = Object.fromEntries(Object.entries({ note: "by hand", ...data }).reverse());
    expect(recordsOf({ apiVersion: "v1", kind: "ConfigMap", metadata, data: shuffled })).toEqual([
      { sequence: 42, record: three[0] },
      { sequence: 43, record: three[1] },
      { sequence: 44, record: three[2] },
    ]);
  });
});

describe("the segments that are dropped", () => {
  const segments = [100, 200, 300, 400, 500, 601].map((last) => ({ name: `to-${last}`, last }));
  it.each<[string, { records: number; delivered: number }, string[]]>([
    [
      "are those with older records than are kept",
      { records: 300, delivered: Infinity },
      ["to-100", "to-200", "to-300"],
    ],
    ["are none while all are kept", { records: 10_000, delivered: Infinity }, []],
    ["are not those that wait for delivery", { records: 300, delivered: 200 }, ["to-100", "to-200"]],
    ["are those in the end that could never be delivered", { records: 100, delivered: 0 }, ["to-100"]],
  ])("%s", (_, retention, expected) => {
    expect(planDrop(segments, retention).map(({ name }) => name)).toEqual(expected);
  });
});
